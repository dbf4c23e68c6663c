"""Lots, and what those that are open are worth now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet

from market.live.live_quotes import latest_quotes
from market.models import Instrument
from market.values import QuoteValue
from portfolio.bookkeeping.amounts import EXACT, ZERO, product, ten_places
from portfolio.models import Lot, LotClosure, Portfolio
from portfolio.returns.trade_charges import charges_of_lots
from portfolio.valuations.day_changes import (
    Quotes,
)
from portfolio.valuations.money_now import Pair, quote_in, rate_of, rates_today

LOT_ORDER: Final = ("symbol", "opened_at", "id")


@dataclass(frozen=True, slots=True)
class LotRow:
    """Units bought at once, and what became of them."""

    lot_id: UUID
    instrument: Instrument
    opened_at: datetime
    closed_at: datetime | None
    quantity: Decimal
    cost: Decimal
    remaining_quantity: Decimal
    remaining_cost: Decimal
    currency: str
    realised_gain: Decimal
    price: Decimal | None
    market_value: Decimal | None
    unrealised_gain: Decimal | None
    is_missing: bool = False  # nobody recorded how the units came
    charges: Decimal | None = None  # fees and taxes within ``cost``; None: not bought here

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def unit_cost(self) -> Decimal:
        """Cost per unit, charges included; of those left, as splits have made them."""
        if self.remaining_quantity:
            return ten_places(EXACT.divide(self.remaining_cost, self.remaining_quantity))
        return ten_places(EXACT.divide(self.cost, self.quantity))

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def find_lots(
    portfolio: Portfolio, *, instrument_id: int | None = None, is_open: bool | None = None
) -> QuerySet[Lot, Lot]:
    """Open lots, closed ones or (None) all, with their symbols; ordered by ``LOT_ORDER``."""
    lots = Lot.objects.filter(portfolio=portfolio).select_related("instrument")
    if instrument_id is not None:
        lots = lots.filter(instrument_id=instrument_id)
    if is_open is not None:
        lots = lots.filter(closed_at__isnull=is_open)
    return lots.annotate(symbol=F("instrument__symbol")).order_by(*LOT_ORDER)


def lot_rows(lots: Iterable[Lot], *, quotes: Quotes | None = None) -> list[LotRow]:
    """The lots in the order given; two queries, two for rates, and one read of quotes."""
    found = list(lots)
    if quotes is None:
        quotes = latest_quotes({lot.instrument_id for lot in found if lot.closed_at is None})
    rates = rates_today((lot.instrument.currency, lot.currency) for lot in found)
    gains, charges = gains_of(found), charges_of_lots(found)
    return [
        lot_row(
            lot,
            gains.get(lot.id, ZERO),
            quotes.get(lot.instrument_id),
            rates,
            charges=charges.get(lot.id),
        )
        for lot in found
    ]


def gains_of(lots: Iterable[Lot]) -> dict[UUID, Decimal]:
    """What sales have realised of each lot; one without a sale is left out."""
    return LotClosure.objects.filter(lot__in=[lot.id for lot in lots]).gains_by("lot")


def lot_row(
    lot: Lot,
    realised_gain: Decimal,
    quote: QuoteValue | None,
    rates: Mapping[Pair, Decimal],
    *,
    charges: Decimal | None,
) -> LotRow:
    rate = rate_of(rates, lot.instrument.currency, lot.currency)
    usable = None if quote is None or rate is None else quote_in(quote, rate)
    value = None if usable is None else product(lot.remaining_quantity, usable.last)
    return LotRow(
        lot_id=lot.id,
        instrument=lot.instrument,
        opened_at=lot.opened_at,
        closed_at=lot.closed_at,
        quantity=lot.quantity,
        cost=lot.cost,
        remaining_quantity=lot.remaining_quantity,
        remaining_cost=lot.remaining_cost,
        currency=lot.currency,
        realised_gain=realised_gain,
        price=None if quote is None else quote.last,
        market_value=value,
        unrealised_gain=None if value is None else value - lot.remaining_cost,
        is_missing=lot.is_missing,
        charges=charges,
    )
