"""What happened to a portfolio, and the journal behind it: searched, page by page, and as files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
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
from portfolio.bookkeeping.entry_search import EntrySearch
from portfolio.bookkeeping.journal_table import journal_table
from portfolio.entry_forms import EntrySearchForm
from portfolio.models import JournalEntry, Portfolio
from portfolio.views.portfolios import find_portfolio, tab_context

Entries = QuerySet[JournalEntry, JournalEntry]


@signed_in
@require_GET
@for_htmx({"entries": "portfolio/_activities.html"})
def activities(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    form = EntrySearchForm(request.GET, kinds=journal.ACTIVITY_KINDS)
    context = tab_context(portfolio, "activities")
    context |= list_context(request, portfolio, "activities", form, journal.activities_of)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "portfolio/activities.html", context, status=status)


@signed_in
@require_GET
@for_htmx({"entries": "portfolio/_journal.html"})
def journal_entries(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    form = EntrySearchForm(request.GET, kinds=EntryKind)
    context = tab_context(portfolio, "journal")
    context |= list_context(request, portfolio, "journal", form, journal.entries_of)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "portfolio/journal.html", context, status=status)


@signed_in
@require_GET
def activities_file(request: InvestorRequest, portfolio_id: UUID) -> HttpResponseBase:
    """The activities that are looked for, a row each."""
    portfolio = find_portfolio(request, portfolio_id)
    form = EntrySearchForm(request.GET, kinds=journal.ACTIVITY_KINDS)
    return file_answer(
        request,
        form,
        lambda wanted: activity_table(portfolio, journal.activities_of(portfolio, wanted)),
    )


@signed_in
@require_GET
def journal_file(request: InvestorRequest, portfolio_id: UUID) -> HttpResponseBase:
    """The entries that are looked for, a row for each posting."""
    portfolio = find_portfolio(request, portfolio_id)
    form = EntrySearchForm(request.GET, kinds=EntryKind)
    return file_answer(
        request,
        form,
        lambda wanted: journal_table(portfolio, journal.entries_of(portfolio, wanted)),
    )


def list_context(
    request: InvestorRequest,
    portfolio: Portfolio,
    tab: str,
    form: EntrySearchForm,
    find: Callable[[Portfolio, EntrySearch], Entries],
) -> dict[str, Any]:
    """A page of what is looked for; nothing where the search makes no sense."""
    wanted = form.wanted() if form.is_valid() else None
    page, older = read_page(
        request,
        JournalEntry.objects.none() if wanted is None else find(portfolio, wanted),
        name=f"{tab} {portfolio.id}",
        filters={} if wanted is None else wanted.facts(),
        order=journal.ORDER,
    )
    file_address = reverse(f"portfolio:download_{tab}", args=[portfolio.id])
    return {
        "form": form,
        "is_narrowed": wanted != EntrySearch(),
        "entries": journal.entry_rows(page.items, with_postings=tab == "journal"),
        "older_href": older,
        "address": reverse(f"portfolio:{tab}", args=[portfolio.id]),
        "file_href": f"{file_address}?{asked(request)}",
    }


def asked(request: InvestorRequest) -> str:
    """The search as an address has it, ready for one thing more."""
    query = request.GET.copy()
    for name in (CURSOR, "format"):
        query.pop(name, None)
    return f"{query.urlencode()}&" if query else ""


def file_answer(
    request: InvestorRequest, form: EntrySearchForm, table: Callable[[EntrySearch], Table]
) -> HttpResponseBase:
    """What is looked for in the form of file that is asked for; 422 where either makes no sense."""
    download = DownloadForm(request.GET)
    if not download.is_valid():
        return HttpResponse(DownloadForm.WORDS, status=422)
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=422, content_type="text/plain")
    return table_response(table(form.wanted()), download.form())
