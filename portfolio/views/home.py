"""The home page: one portfolio's worth now, where it came from, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.models import User
from accounts.policies import signed_in, takes_ids
from accounts.roles import Role
from market.charting.small_lines import SmallLine, small_lines
from market.models import WatchlistItem
from portfolio import portfolios
from portfolio.bookkeeping.entries import EntryKind
from portfolio.forms import PortfolioForm
from portfolio.models import JournalEntry, Portfolio
from portfolio.models.portfolios import PortfolioQuerySet
from portfolio.queries import PositionRow
from portfolio.returns.forms import ComparisonForm
from portfolio.valuations.ranges import RANGES, ChartRange, find_range
from portfolio.valuations.worth import worth_history
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.figures import position_figures, row_spans, summary_figures
from portfolio.views.readings import percent


@dataclass(frozen=True, slots=True)
class Choice:
    """A pill or a tab."""

    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One of the three steps of the first run."""

    label: str
    href: str
    action: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class PositionLine:
    """A position with what the page draws beside it."""

    row: PositionRow
    spans: dict[str, SafeString]  # its figures as the page shows them
    sparkline: SmallLine


@signed_in
@takes_ids(
    portfolio="portfolio_id",
    benchmark_portfolio_id="benchmark_portfolio_id",
    benchmark_index_id="benchmark_index_id",
)
@require_GET
@for_htmx({"worth": "portfolio/_worth.html", "positions": "portfolio/_positions.html"})
def home(request: InvestorRequest) -> HttpResponse:
    owned = list(visible_portfolios(request.user))
    wanted = request.GET.get("portfolio")
    shown = next((one for one in owned if str(one.id) == wanted), owned[0] if owned else None)
    context: dict[str, Any] = {"portfolios": owned}
    if shown is None:
        context["form"] = PortfolioForm()
    else:
        context |= portfolio_context(request, shown, reverse("portfolio:home"), visible=owned)
        context["portfolio_choices"] = [
            Choice(one.name, f"?portfolio={one.id}", one == shown) for one in owned
        ]
        if len(owned) > 1:
            together = Choice("All together", reverse("portfolio:combined"), is_current=False)
            context["portfolio_choices"].append(together)
        context["has_several"] = sum(one.role == Role.OWNER for one in owned) > 1
    context["steps"] = first_steps(request.user, shown, holds=bool(context.get("lines")))
    return TemplateResponse(request, "portfolio/home.html", context, status=status_of(context))


def visible_portfolios(user: User) -> PortfolioQuerySet:
    """The user's own portfolios and those shared with him, each with his ``role`` in it."""
    visible = Portfolio.objects.for_user(user, Role.VIEWER)
    return visible.with_role_of(user).own_first(user)


def portfolio_context(
    request: InvestorRequest,
    portfolio: Portfolio,
    href: str,
    *,
    visible: Sequence[Portfolio] | None = None,
) -> dict[str, Any]:
    """What the worth and the positions of a portfolio show, on the page at ``href``.

    ``visible``, where they are known, are all the portfolios that the user sees.
    """
    now = timezone.now()
    summary, rows = portfolios.summary_and_rows(portfolio, at=now)
    return {
        "portfolio": portfolio,
        "may_edit": Role(getattr(portfolio, "role", Role.VIEWER)).includes(Role.EDITOR),
        "summary": summary,
        "figures": summary_figures(summary, portfolio.currency),
        "lines": position_lines(rows, portfolio.currency, at=now),
        # One badge on the table says it where every row would.
        "is_all_simulated": bool(rows) and all(row.is_simulated for row in rows),
        **history_context(
            request, portfolio, href, worth_now=summary.total_value, visible=visible, at=now
        ),
    }


def history_context(
    request: InvestorRequest,
    portfolio: Portfolio,
    href: str,
    *,
    worth_now: Decimal | None,
    visible: Sequence[Portfolio] | None,
    at: datetime,
) -> dict[str, Any]:
    """The chart of worth over the range that is asked for, and what it is compared with."""
    choice = find_range(request.GET.get("range"))
    form = ComparisonForm(request.GET, user=request.user, beside=[portfolio], visible=visible)
    benchmark = form.comparison(at=at) if form.is_valid() else None
    history = worth_history(portfolio, choice, worth_now=worth_now, benchmark=benchmark, at=at)

    def address(of_range: ChartRange, compared: dict[str, str]) -> str:
        asked = {"portfolio": str(portfolio.id), "range": of_range.key} | compared
        return f"{href}?{urlencode(asked)}"

    kept = form.chosen() if benchmark else {}
    return {
        "history": history,
        "benchmark_pct": percent(history.benchmark.value) if history.benchmark else None,
        "compare_form": form,
        "worth_href": href,
        "alone_href": address(choice, {}),
        "again_href": address(choice, kept),
        "range": choice,
        "explains": ExplainLinks.of(portfolio, range=choice.key),
        "range_choices": [Choice(one.label, address(one, kept), one is choice) for one in RANGES],
    }


def status_of(context: dict[str, Any]) -> int:
    """422 where it makes no sense what to compare the worth with."""
    form = context.get("compare_form")
    return 422 if form is not None and form.errors else 200


def position_lines(
    rows: Sequence[PositionRow], currency: str, *, at: datetime
) -> list[PositionLine]:
    """The rows with the lines of their latest closes."""
    lines = small_lines([row.instrument_id for row in rows], at=at)
    return [PositionLine(row, row_spans(row, currency), lines[row.instrument_id]) for row in rows]


def first_steps(user: User, portfolio: Portfolio | None, *, holds: bool) -> list[Step]:
    """The first-run checklist; empty once all is done. Whoever ``holds`` something need not buy."""
    has_bought = holds or (
        portfolio is not None
        and JournalEntry.objects.filter(portfolio=portfolio, kind=EntryKind.BUY).exists()
    )
    watches = WatchlistItem.objects.filter(watchlist__owner=user).exists()
    instruments, watchlists = reverse("market:instruments"), reverse("market:watchlists")
    new_portfolio = reverse("portfolio:list")
    steps = [
        Step("Open a portfolio", new_portfolio, "Open", is_done=portfolio is not None),
        Step("Buy something", instruments, "Browse markets", is_done=has_bought),
        Step("Watch an instrument", watchlists, "Make a watchlist", is_done=watches),
    ]
    return [] if all(step.is_done for step in steps) else steps


@signed_in
@require_GET
def fresh_figures(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """The same figures as the page's, as of now, for the script to put in their places."""
    portfolio = get_object_or_404(visible_portfolios(request.user), id=portfolio_id)
    summary, rows = portfolios.summary_and_rows(portfolio, at=timezone.now())
    figures = summary_figures(summary, portfolio.currency)
    figures |= position_figures(rows, portfolio.currency)
    return JsonResponse({"figures": figures})
