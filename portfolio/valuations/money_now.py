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
from portfolio.models import LedgerBalance

ONE: Final = Decimal(1)
Pair = tuple[str, str]  # from, to


@dataclass(frozen=True, slots=True)
class CurrencyCash:
    """Money in one currency, settled or not, and what has accrued.

    ``value`` is that of the amount in the portfolio's currency, None without a rate.
    """

    currency: str
    amount: Decimal
    accrued: Decimal  # of the amount what is not paid yet, so that it cannot be spent
    rate: Decimal | None  # the portfolio's currency for one of it, today
    value: Decimal | None

    @property
    def accrued_value(self) -> Decimal | None:
        """What has accrued, in the portfolio's currency; None without a rate."""
        if not self.accrued:
            return ZERO
        return None if self.rate is None else product(self.accrued, self.rate)


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
    balances: Mapping[str, LedgerBalance], currency: str, rates: Mapping[Pair, Decimal]
) -> list[CurrencyCash]:
    """The portfolio's own currency first, also where there is nothing of it, then the others."""
    found = []
    for code in sorted({currency, *balances}, key=lambda code: (code != currency, code)):
        balance = balances.get(code)
        amount = ZERO if balance is None else balance.total
        found.append(
            CurrencyCash(
                currency=code,
                amount=amount,
                accrued=ZERO if balance is None else balance.accrued,
                rate=rate_of(rates, code, currency),
                value=worth_of_cash({code: amount}, currency, rates),
            )
        )
    return found


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
