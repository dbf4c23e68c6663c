"""What several portfolios are worth now, in two queries and one read of quotes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.live.live_quotes import latest_quotes
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.models import LedgerBalance, Portfolio, Position
from portfolio.valuations.day_changes import usable_quotes
from portfolio.valuations.money_now import CurrencyCash, cash_by_currency, rates_today


@dataclass(frozen=True, slots=True)
class PortfolioOverview:
    """In the portfolio's currency. Values are None where a holding has no usable price.

    ``cash`` is that of all currencies, None where one has no rate; ``balances`` are its parts.
    ``accrued`` is what of it are dividends that are not paid yet.
    """

    portfolio: Portfolio
    cash: Decimal | None  # settled or not, and what has accrued
    accrued: Decimal | None
    settled_cash: Decimal
    buying_power: Decimal  # cash that no order has reserved
    market_value: Decimal | None
    balances: Sequence[CurrencyCash]
    as_of: datetime

    @property
    def total_value(self) -> Decimal | None:
        if self.cash is None or self.market_value is None:
            return None
        return self.cash + self.market_value


def overviews(portfolios: Sequence[Portfolio], *, at: datetime) -> list[PortfolioOverview]:
    """One for each, in the order given."""
    balances = cash_balances(portfolios)
    values = market_values(portfolios)
    cash = cash_of(portfolios, balances)
    return [
        PortfolioOverview(
            portfolio=portfolio,
            cash=in_all(cash[portfolio.id]),
            accrued=accrued_in_all(cash[portfolio.id]),
            settled_cash=balance.settled if balance else ZERO,
            buying_power=balance.available if balance else ZERO,
            market_value=values[portfolio.id],
            balances=cash[portfolio.id],
            as_of=at,
        )
        for portfolio in portfolios
        for balance in (balances.get((portfolio.id, portfolio.currency)),)
    ]


def cash_balances(portfolios: Sequence[Portfolio]) -> dict[tuple[UUID, str], LedgerBalance]:
    rows = LedgerBalance.objects.filter(
        portfolio__in=[portfolio.id for portfolio in portfolios], instrument=None
    )
    return {(row.portfolio_id, row.currency): row for row in rows}


def in_all(cash: Sequence[CurrencyCash]) -> Decimal | None:
    """None where one currency has no rate."""
    values = [one.value for one in cash if one.value is not None]
    return sum(values, ZERO) if len(values) == len(cash) else None


def accrued_in_all(cash: Sequence[CurrencyCash]) -> Decimal | None:
    """None where a currency in which something has accrued has no rate."""
    values = [one.accrued_value for one in cash]
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if len(known) == len(values) else None


def cash_of(
    portfolios: Sequence[Portfolio], balances: Mapping[tuple[UUID, str], LedgerBalance]
) -> dict[UUID, list[CurrencyCash]]:
    """What each portfolio has in each currency."""
    held: defaultdict[UUID, dict[str, LedgerBalance]] = defaultdict(dict)
    for (portfolio_id, currency), balance in balances.items():
        if balance.total or balance.accrued:
            held[portfolio_id][currency] = balance
    own = {portfolio.id: portfolio.currency for portfolio in portfolios}
    rates = rates_today((code, own[key]) for key, found in held.items() for code in found)
    return {key: cash_by_currency(held[key], currency, rates) for key, currency in own.items()}


def market_values(portfolios: Sequence[Portfolio]) -> dict[UUID, Decimal | None]:
    """What each portfolio's holdings are worth; None where one of them has no usable price."""
    rows = Position.objects.filter(portfolio__in=[portfolio.id for portfolio in portfolios])
    held: defaultdict[UUID, list[Position]] = defaultdict(list)
    for row in rows.exclude(quantity=0).select_related("instrument"):
        held[row.portfolio_id].append(row)
    quotes = latest_quotes({row.instrument_id for found in held.values() for row in found})
    values: dict[UUID, Decimal | None] = {}
    for portfolio in portfolios:
        positions = held[portfolio.id]
        usable = usable_quotes(positions, quotes, portfolio.currency)
        parts = [
            product(row.quantity, usable[row.instrument_id].last)
            for row in positions
            if row.instrument_id in usable
        ]
        values[portfolio.id] = sum(parts, ZERO) if len(parts) == len(positions) else None
    return values
