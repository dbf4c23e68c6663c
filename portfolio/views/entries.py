"""What happened to a portfolio, and the journal behind it: searched, page by page, and as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.forms import DownloadForm
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.page_lists import CURSOR, read_page
from accounts.policies import signed_in
from accounts.table_answers import table_response
from accounts.table_files import Table
from portfolio.bookkeeping import journal
from portfolio.bookkeeping.activity_table import activity_table
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.bookkeeping.entry_search import EVERYTHING, EntrySearch
from portfolio.bookkeeping.journal_table import journal_table
from portfolio.entry_forms import EntrySearchForm
from portfolio.models import JournalEntry, Portfolio
from portfolio.views.portfolios import find_portfolio, tab_context

Entries = QuerySet[JournalEntry, JournalEntry]


@dataclass(frozen=True, slots=True)
class EntryTab:
    """A tab that lists entries: which of them, and how each stands in a file."""

    name: str  # of the tab, its page and its template
    kinds: Iterable[EntryKind]  # to choose from
    find: Callable[[Portfolio, EntrySearch], Entries]
    table: Callable[[Portfolio, Entries], Table]
    with_postings: bool = False


ACTIVITIES: Final = EntryTab(
    "activities", kinds=journal.ACTIVITY_KINDS, find=journal.activities_of, table=activity_table
)
JOURNAL: Final = EntryTab(
    "journal", kinds=EntryKind, find=journal.entries_of, table=journal_table, with_postings=True
)


@signed_in
@require_GET
@for_htmx({"entries": "portfolio/_activities.html"})
def activities(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    return list_answer(request, find_portfolio(request, portfolio_id), ACTIVITIES)


@signed_in
@require_GET
@for_htmx({"entries": "portfolio/_journal.html"})
def journal_entries(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    return list_answer(request, find_portfolio(request, portfolio_id), JOURNAL)


@signed_in
@require_GET
def activities_file(request: InvestorRequest, portfolio_id: UUID) -> HttpResponseBase:
    """The activities that are looked for, a row each."""
    return file_answer(request, find_portfolio(request, portfolio_id), ACTIVITIES)


@signed_in
@require_GET
def journal_file(request: InvestorRequest, portfolio_id: UUID) -> HttpResponseBase:
    """The entries that are looked for, a row for each posting."""
    return file_answer(request, find_portfolio(request, portfolio_id), JOURNAL)


def list_answer(request: InvestorRequest, portfolio: Portfolio, tab: EntryTab) -> HttpResponse:
    """A page of what is looked for; nothing, and 422, where the search makes no sense."""
    form = EntrySearchForm(request.GET, kinds=tab.kinds)
    wanted = form.wanted() if form.is_valid() else None
    page, older = read_page(
        request,
        JournalEntry.objects.none() if wanted is None else tab.find(portfolio, wanted),
        name=f"{tab.name} {portfolio.id}",
        filters={} if wanted is None else wanted.facts(),
        order=journal.ORDER,
    )
    file_address = reverse(f"portfolio:download_{tab.name}", args=[portfolio.id])
    context = {
        **tab_context(portfolio, tab.name),
        "form": form,
        "is_narrowed": wanted != EVERYTHING,
        "entries": journal.entry_rows(page.items, with_postings=tab.with_postings),
        "older_href": older,
        "address": reverse(f"portfolio:{tab.name}", args=[portfolio.id]),
        "file_href": f"{file_address}?{asked(request)}",
    }
    status = 422 if wanted is None else 200
    return TemplateResponse(request, f"portfolio/{tab.name}.html", context, status=status)


def asked(request: InvestorRequest) -> str:
    """The search as an address has it, ready for one thing more."""
    query = request.GET.copy()
    for name in (CURSOR, "format"):
        query.pop(name, None)
    return f"{query.urlencode()}&" if query else ""


def file_answer(request: InvestorRequest, portfolio: Portfolio, tab: EntryTab) -> HttpResponseBase:
    """What is looked for in the form of file that is asked for; 422 where either makes no sense."""
    download = DownloadForm(request.GET)
    if not download.is_valid():
        return HttpResponse(DownloadForm.WORDS, status=422)
    form = EntrySearchForm(request.GET, kinds=tab.kinds)
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=422, content_type="text/plain")
    found = tab.find(portfolio, form.wanted())
    return table_response(tab.table(portfolio, found), download.form())
