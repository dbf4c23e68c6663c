"""What the door for live prices keeps out of one instrument, and which price confirms it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from market.intake.refused_prices import RefusedPrice
from market.intake.spikes import Band
from market.values import QuoteValue


class Side(NamedTuple):
    name: Literal["bid", "ask"]
    price: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is kept out of one instrument."""

    item: RefusedPrice  # as it stands in quarantine
    last: Decimal | None = None  # the price of the trade that waits, if one does
    side: Side | None = None  # the bid or ask that waits, if one does
    quote: QuoteValue | None = None  # the newest, as its provider says it
    is_released: bool = False  # at another price than its provider goes on saying
    # By what the trade and the bid or ask stand in quarantine: often one came before the other.
    of_last: RefusedPrice | None = None
    of_side: RefusedPrice | None = None

    def confirmed_by(self, price: Decimal, band: Band) -> tuple[RefusedPrice, ...]:
        """Those in quarantine of which all that waits is near a price let in that is far off."""
        if band.lowest <= price <= band.highest:
            return ()
        waits = {item: True for item in (self.of_last, self.of_side) if item is not None}
        if self.of_last is not None and self.last is not None:
            waits[self.of_last] &= band.is_near(self.last, price)
        if self.of_side is not None and self.side is not None:
            waits[self.of_side] &= band.is_near(self.side.price, price)
        return tuple(item for item, is_near in waits.items() if is_near)

    def without(self, items: Collection[RefusedPrice]) -> Waiting:
        """The same where these no longer wait in quarantine."""
        return replace(
            self,
            of_last=None if self.of_last in items else self.of_last,
            of_side=None if self.of_side in items else self.of_side,
        )


def far_side(quote: QuoteValue, band: Band) -> Side | None:
    """A bid above, or an ask below what is expected."""
    if quote.bid is not None and quote.bid > band.highest:
        return Side("bid", quote.bid)
    if quote.ask is not None and quote.ask < band.lowest:
        return Side("ask", quote.ask)
    return None


def is_confirmed(
    side: Side,
    band: Band,
    *,
    shown: QuoteValue | None,
    before: QuoteValue | None,
    known: Side | None,
) -> bool:
    """Whether a bid or ask far off is near the trade, the one let in before, or another word."""
    near = [shown.last] if shown else []
    former: Decimal | None = getattr(before, side.name, None)
    if former is not None:
        near.append(former)
    if known is not None and known.name == side.name and known != side:
        near.append(known.price)
    return any(not band.is_spike(side.price, previous=price) for price in near)
