"""Why a figure is what it is, in a drawer beside it or on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import push_url

from accounts.errors import NotFound
from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from accounts.templatetags.formats import (
    money,
    money_places,
    percent,
    price,
    quantity,
    signed_percent,
)
from market.errors import AmbiguousSymbol
from portfolio.combined.holdings import common_currency
from portfolio.explaining.explain import (
    ALL_OF_IT,
    ExplanationRefused,
    Subject,
    explain,
    explain_together,
)
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    in_minor_units,
)
from portfolio.explaining.of_holdings import SLICE_FIGURES
from portfolio.explaining.of_income import INCOME_FIGURES
from portfolio.explaining.of_lots import LOT_FIGURES
from portfolio.explaining.of_money import LINES
from portfolio.explaining.of_position_days import POSITION_DAYS
from portfolio.explaining.of_positions import POSITION_FIGURES
from portfolio.holdings.allocation import Dimension
from portfolio.models import Portfolio
from portfolio.returns.gains import Method
from portfolio.views.combined import choose
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.home import Choice, visible_portfolios
from portfolio.views.portfolios import find_portfolio, tab_context
from portfolio.views.readings import HUNDRED, WORDS
from portfolio.views.spans import DaysForm, Span, span_of

ADDED_UP: Final = (
    Arithmetic.SUM,
    Arithmetic.BALANCE,
    Arithmetic.QUOTIENT,
    Arithmetic.PERCENTAGE,
)
RATIO_PLACES: Final = 4
PRICE_DIGITS: Final = Context(prec=10)  # of what one unit cost on average
NO_RATE: Final = "A currency has no rate."
OF_CASH: Final = ("cash", "buying_power")
FIGURE_NAMES: Final = {
    "value": "Worth",
    "quantity": "Units",
    "average_cost": "Average cost",
    "cost": "Cost",
    "market_value": "Worth",
    "unrealised_gain": "Gain not realised",
    "unrealised_gain_pct": "Gain in percent",
    "day_change": "Today",
    "day_change_pct": "Today in percent",
    "weight_pct": "Weight",
    "currency_gain": "Gain by rates",
    "realised_gain": "Gain realised",
    "unit_cost": "Cost of a unit",
    "remaining_quantity": "Units left",
    "remaining_cost": "Cost left",
    "gain": "Gain",
    "inflow": "Bought",
    "outflow": "Sold",
    "income": "Income",
    "charges": "Withheld",
    "gain_by_rates": "Gain by rates",
}


@dataclass(frozen=True, slots=True)
class ShownLine:
    label: str
    text: str
    note: str
    is_amount: bool  # and so for the owner's eyes


@dataclass(frozen=True, slots=True)
class ShownPart:
    title: str
    lines: list[ShownLine]
    total: str  # empty where there is nothing to add up
    is_amount: bool


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a figure's explanation: the page it is of, and figures of the same."""

    tab: str
    back: Choice
    others: Sequence[Choice] = ()


@signed_in
@takes_ids(lot_id="lot_id")
@require_GET
@for_htmx({"explain-place": "portfolio/_explanation.html"})
def explanation(request: InvestorRequest, portfolio_id: UUID, figure: str) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    now = timezone.now()
    span = span_of(DaysForm(request.GET, beside=[portfolio], today=now.date()))
    try:
        subject = subject_of(request.GET)
        found = explain(
            portfolio,
            figure,
            subject,
            start=span.start,
            end=span.end,
            method=method_asked(request),
            at=now,
        )
    except (NotFound, AmbiguousSymbol, ExplanationRefused, ValueError) as error:
        raise Http404(str(error)) from error
    around = around_of(portfolio, subject, figure, span)
    context = tab_context(portfolio, around.tab) | shown(found, portfolio.currency, span)
    context["around"] = around
    context["is_of_identity"] &= subject == ALL_OF_IT
    return beside(TemplateResponse(request, "portfolio/explanation.html", context))


@signed_in
@takes_ids(portfolio="portfolio_id")
@require_GET
@for_htmx({"explain-place": "portfolio/_explanation.html"})
def combined_explanation(request: InvestorRequest, figure: str) -> HttpResponse:
    """The same of several portfolios as one; see ``portfolio.views.combined``."""
    chosen = choose(list(visible_portfolios(request.user)), request.GET)
    if not chosen:
        return redirect("portfolio:list")
    now = timezone.now()
    span = span_of(DaysForm(request.GET, beside=chosen, today=now.date()))
    currency = common_currency(chosen, user=request.user, wanted=None)
    try:
        found = explain_together(
            chosen,
            figure,
            currency=currency,
            start=span.start,
            end=span.end,
            method=method_asked(request),
            at=now,
        )
    except NotFound as error:
        raise Http404(str(error)) from error
    page = f"{reverse('portfolio:combined')}?{request.GET.urlencode()}"
    context = shown(found, currency, span)
    context["around"] = Around("", Choice("All together", page, is_current=False))
    return beside(TemplateResponse(request, "portfolio/combined_explanation.html", context))


def beside(answer: TemplateResponse) -> HttpResponse:
    """In a drawer it stands beside a page, whose address stays.

    What is boosted would push its own: htmx 2 heeds ``hx-push-url="false"`` there only as a header.
    """
    return push_url(answer, False)


def method_asked(request: InvestorRequest) -> Method | None:
    asked = request.GET.get("method", "")
    return Method(asked) if asked in set(Method) else None


def subject_of(asked: QueryDict) -> Subject:
    """Raises:
    ValueError: what should be an id is none.
    """
    by, lot_id = asked.get("by", ""), asked.get("lot_id", "")
    return Subject(
        lot_id=UUID(lot_id) if lot_id else None,
        symbol=asked.get("symbol") or None,
        by=Dimension(by) if by in set(Dimension) else None,
        key=asked.get("key") or None,
    )


def around_of(portfolio: Portfolio, subject: Subject, figure: str, span: Span) -> Around:
    if subject.symbol is not None:
        page = reverse("portfolio:position", args=[portfolio.id, subject.symbol])
        if figure in POSITION_DAYS:
            page = f"{page}?{span.query}"
            links = ExplainLinks.of(portfolio, symbol=subject.symbol, **dict(span.asked))
            others = other_figures(links, list(POSITION_DAYS), figure)
        else:
            links = ExplainLinks.of(portfolio, symbol=subject.symbol)
            others = other_figures(links, POSITION_FIGURES, figure)
        return Around("positions", Choice(subject.symbol, page, is_current=False), others)
    if subject.lot_id is not None:
        page = reverse("portfolio:lots", args=[portfolio.id])
        links = ExplainLinks.of(portfolio, lot_id=str(subject.lot_id))
        others = other_figures(links, LOT_FIGURES, figure)
        return Around("lots", Choice("Lots", page, is_current=False), others)
    if subject.by is not None and subject.key is not None:
        page = reverse("portfolio:allocation", args=[portfolio.id])
        links = ExplainLinks.of(portfolio, by=subject.by.value, key=subject.key)
        others = other_figures(links, SLICE_FIGURES, figure)
        back = Choice("Allocation", f"{page}?by={subject.by.value}", is_current=False)
        return Around("allocation", back, others)
    if figure in OF_CASH:
        page = reverse("portfolio:cash", args=[portfolio.id])
        return Around("cash", Choice("Cash", page, is_current=False))
    if figure in INCOME_FIGURES:
        page = reverse("portfolio:income", args=[portfolio.id])
        return Around("income", Choice("Income", page, is_current=False))
    page = reverse("portfolio:performance", args=[portfolio.id])
    back = Choice("Performance", f"{page}?{span.query}", is_current=False)
    return Around("performance", back)


def other_figures(links: ExplainLinks, names: Sequence[str], current: str) -> list[Choice]:
    return [Choice(FIGURE_NAMES[name], links.to(name), name == current) for name in names]


def shown(found: Explanation, currency: str, span: Span) -> dict[str, Any]:
    """The explanation as a page words it."""
    found = in_minor_units(found, money_places(currency))
    reason = WORDS.get(found.reason, "A price or a rate is missing.")
    # The same code says of a money-weighted return that no yearly rate fits.
    if found.reason == "no_rate" and found.arithmetic is not Arithmetic.BALANCE:
        reason = NO_RATE
    return {
        "found": found,
        "text": None if found.value is None else worded(found.value, found.unit, currency),
        "parts": [shown_part(part, found, currency) for part in found.parts],
        "reason": reason,
        "range": span,
        "is_of_identity": found.is_of_days and found.figure in LINES,
    }


def shown_part(part: Part, found: Explanation, currency: str) -> ShownPart:
    total = ""
    if found.arithmetic in ADDED_UP and len(part.lines) > 1:
        total = worded(part.total, part.lines[0].unit, currency)
    is_amount = any(line.unit.is_amount for line in part.lines)
    return ShownPart(
        part.title, [shown_line(line, currency) for line in part.lines], total, is_amount
    )


def shown_line(line: Line, currency: str) -> ShownLine:
    text = worded(line.value, line.unit, line.currency or currency)
    return ShownLine(line.label, text, line.note, line.unit.is_amount)


def worded(value: Decimal, unit: Unit, currency: str) -> str:
    """A number as the pages show it."""
    match unit:
        case Unit.MONEY:
            return money(value, currency)
        case Unit.FRACTION:
            return signed_percent(value * HUNDRED)
        case Unit.PERCENT:
            return percent(value)
        case Unit.PRICE:
            return f"{price(PRICE_DIGITS.plus(value))} {currency}"
        case Unit.RATIO:
            return price(value, RATIO_PLACES)
        case _:
            return quantity(value)
