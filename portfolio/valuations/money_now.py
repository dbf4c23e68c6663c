"""What money and prices in other currencies are worth in a portfolio's today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone

from market.currencies.cross_rates import ExchangeRate
from market.currencies.exchange_rates import exchange_rates
from market.values import QuoteValue
from portfolio.bookkeeping.amounts import EXACT, ZERO, product

ONE: Final = Decimal(1)
Pair = tuple[str, str]  # from, to


@dataclass(frozen=True, slots=True)
class CurrencyCash:
    """Money in one currency, settled or not; ``value`` in the portfolio's, None without a rate."""

    currency: str
    amount: Decimal
    rate: Decimal | None  # the portfolio's currency for one of it, today
    value: Decimal | None


def rates_today(pairs: Iterable[Pair], *, on_date: date | None = None) -> dict[Pair, Decimal]:
    """Rates of pairs of two currencies; one without a rate is left out. Two queries at most."""
    wanted = {pair for pair in pairs if pair[0] != pair[1]}
    if not wanted:
        return {}
    day = on_date or today()
    found = exchange_rates((*pair, day) for pair in wanted)
    return {
        (base, quote): rate.rate
        for (base, quote, _), rate in found.items()
        if isinstance(rate, ExchangeRate)
    }


def today() -> date:
    now: datetime = timezone.now()
    return now.astimezone(UTC).date()


def rate_of(rates: Mapping[Pair, Decimal], base: str, quote: str) -> Decimal | None:
    return ONE if base == quote else rates.get((base, quote))


def quote_in(quote: QuoteValue, rate: Decimal) -> QuoteValue:
    """The quote with its price in other money; what it is asked and bid for is left as it is."""
    if rate == ONE:
        return quote
    before = quote.previous_close
    return replace(
        quote,
        last=EXACT.multiply(quote.last, rate),
        previous_close=None if before is None else EXACT.multiply(before, rate),
    )


def cash_by_currency(
    balances: Mapping[str, Decimal], currency: str, rates: Mapping[Pair, Decimal]
) -> list[CurrencyCash]:
    """The portfolio's own currency first, also where there is nothing of it, then the others."""
    amounts = {currency: ZERO, **balances}
    return [
        CurrencyCash(code, amount, rate, worth_of_cash({code: amount}, currency, rates))
        for code, amount in sorted(amounts.items(), key=lambda one: (one[0] != currency, one[0]))
        for rate in (rate_of(rates, code, currency),)
    ]


def worth_of_cash(
    balances: Mapping[str, Decimal], currency: str, rates: Mapping[Pair, Decimal]
) -> Decimal | None:
    """Cash in several currencies together; None where one has no rate."""
    total = ZERO
    for code, amount in balances.items():
        rate = rate_of(rates, code, currency)
        if rate is None:
            return None
        total += amount if rate == ONE else product(amount, rate)
    return total
