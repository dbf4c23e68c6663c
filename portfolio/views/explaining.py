"""Why a figure is what it is, in a drawer beside it or on a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.fragments import for_htmx
from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.templatetags.formats import (
    money,
    money_places,
    price,
    quantity,
    signed_percent,
)
from portfolio.explaining.explain import OF_NOW, UnknownFigure, explain
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    in_minor_units,
)
from portfolio.explaining.of_money import LINES
from portfolio.returns.gains import Method
from portfolio.views.portfolios import find_portfolio, tab_context
from portfolio.views.readings import HUNDRED, WORDS
from portfolio.views.spans import DaysForm, span_of

ADDED_UP: Final = (Arithmetic.SUM, Arithmetic.BALANCE, Arithmetic.QUOTIENT)
RATIO_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class ShownLine:
    label: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownPart:
    title: str
    lines: list[ShownLine]
    total: str  # empty where the lines do not add up to anything


@signed_in
@require_GET
@for_htmx({"explain-place": "portfolio/_explanation.html"})
def explanation(request: InvestorRequest, portfolio_id: UUID, figure: str) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    now = timezone.now()
    span = span_of(DaysForm(request.GET, beside=[portfolio], today=now.date()))
    asked = request.GET.get("method", "")
    try:
        found = explain(
            portfolio,
            figure,
            start=span.start,
            end=span.end,
            method=Method(asked) if asked in set(Method) else None,
            at=now,
        )
    except UnknownFigure as error:
        raise Http404 from error
    currency = portfolio.currency
    found = in_minor_units(found, money_places(currency))
    context = tab_context(portfolio, "performance")
    context |= {
        "found": found,
        "text": None if found.value is None else worded(found.value, found.unit, currency),
        "parts": [shown_part(part, found, currency) for part in found.parts],
        "reason": WORDS.get(found.reason, "A price or a rate is missing."),
        "range": span,
        "identity_figures": LINES,
        "is_of_now": figure in OF_NOW,
    }
    return TemplateResponse(request, "portfolio/explanation.html", context)


def shown_part(part: Part, found: Explanation, currency: str) -> ShownPart:
    total = ""
    if found.arithmetic in ADDED_UP and part.lines:
        total = worded(part.total, part.lines[0].unit, currency)
    return ShownPart(part.title, [shown_line(line, currency) for line in part.lines], total)


def shown_line(line: Line, currency: str) -> ShownLine:
    return ShownLine(line.label, worded(line.value, line.unit, currency), line.note)


def worded(value: Decimal, unit: Unit, currency: str) -> str:
    """A number as the pages show it."""
    if unit is Unit.MONEY:
        return money(value, currency)
    if unit is Unit.FRACTION:
        return signed_percent(value * HUNDRED)
    return quantity(value) if unit is Unit.COUNT else price(value, RATIO_PLACES)
