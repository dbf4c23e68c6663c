"""The page of currencies: a converter, and what one unit is worth in every other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any, Final

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from market.currencies import exchange_rates
from market.currencies.cross_rates import Basis, ExchangeRate
from market.currencies.currency_units import EURO, MINOR_UNITS, NAMES
from market.currency_forms import ConverterForm
from market.errors import RateMissing

FALLBACK: Final = "USD"  # what the euro is compared with at first
SHOWN: Final = Context(prec=6)
SMALL_PLACES: Final = 6  # of an amount below one


@dataclass(frozen=True, slots=True)
class RateRow:
    """What one of the chosen currency is worth in another."""

    code: str
    name: str
    rate: Decimal  # rounded to what a table shows
    dated_on: date
    basis: Basis


@signed_in
@require_GET
def currencies(request: InvestorRequest) -> HttpResponse:
    today = timezone.now().date()
    codes = [one.code for one in exchange_rates.known_currencies()]
    form = ConverterForm(
        request.GET if "base" in request.GET else None,
        codes=codes,
        today=today,
        initial=_first_question(request, codes, today=today),
    )
    context: dict[str, Any] = {"form": form, "has_rates": len(codes) > 1}
    if form.is_bound and form.is_valid():
        context |= _answer(**form.cleaned_data)
        base, on_date = form.cleaned_data["base"], form.cleaned_data["date"]
    else:
        base, on_date = form.initial["base"], today
    context |= {"base": base, "on_date": on_date, "rows": rate_rows(base, codes, on_date)}
    context["newest_date"] = (reach := exchange_rates.current_reach()) and reach.newest_date
    status = 422 if form.errors else 200
    template = "market/_currencies.html" if request.htmx else "market/currencies.html"
    return TemplateResponse(request, template, context, status=status)


def rate_rows(base: str, codes: list[str], on_date: date) -> list[RateRow]:
    """One row for each other currency that still has rates, by code."""
    wanted = [(base, code, on_date) for code in codes if code not in {base, *MINOR_UNITS}]
    return [
        RateRow(code, NAMES.get(code, code), SHOWN.plus(found.rate), found.dated_on, found.basis)
        for (_, code, _), found in exchange_rates.exchange_rates(wanted).items()
        if isinstance(found, ExchangeRate)
    ]


def _first_question(request: InvestorRequest, codes: list[str], *, today: date) -> dict[str, Any]:
    """A hundred of the user's own currency in dollars, or of dollars in euros."""
    own = request.user.base_currency
    base = own if own in codes else EURO
    quote = EURO if base == FALLBACK else FALLBACK
    return {"amount": 100, "base": base, "quote": quote, "date": today}


def _answer(*, amount: Decimal, base: str, quote: str, date: date) -> dict[str, Any]:
    try:
        found = exchange_rates.exchange_rate(base, quote, date)
    except RateMissing as error:
        return {"missing": str(error)}
    converted = found.convert(amount)
    places = SMALL_PLACES if 0 < converted < 1 else 2
    return {"found": found, "amount": amount, "converted": converted, "places": places}
