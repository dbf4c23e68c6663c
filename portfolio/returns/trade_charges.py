"""What fees and taxes are within the cost and the proceeds of trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, Self
from uuid import UUID

from django.db.models import QuerySet

from portfolio.bookkeeping.amounts import ZERO, share
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.corporate_actions.unit_events import Booking
from portfolio.models import JournalEntry, Lot, Portfolio
from portfolio.returns.gains import RealisedGain

FACTS: Final = (
    *("amount", "fees", "taxes", "quantity"),
    *("currency", "exchange_rate", "base_rate", "local_rate"),
)


class Charged(NamedTuple):
    """One trade that was charged for."""

    amount: Decimal  # gross, in its currency like the charges
    charges: Decimal
    quantity: Decimal
    in_base: Decimal  # the charges in the portfolio's currency

    @classmethod
    def of(cls, trade: JournalEntry) -> Self:
        booking = Booking(trade.currency, trade.exchange_rate, trade.base_rate, trade.local_rate)
        return cls(
            amount=trade.amount or ZERO,
            charges=trade.fees + trade.taxes,
            quantity=trade.quantity or ZERO,
            in_base=booking.in_base(trade.fees) + booking.in_base(trade.taxes),
        )

    def within(self, cost: Decimal) -> Decimal:
        """What of a cost that came of this purchase are its charges."""
        return share(cost, part=self.charges, whole=self.amount + self.charges)

    def on(self, quantity: Decimal) -> Decimal:
        """What falls on some of the units, in the portfolio's currency."""
        return share(self.in_base, part=quantity, whole=self.quantity)


@dataclass(frozen=True, slots=True)
class GainCharges:
    """Fees and taxes within one realised gain, in the portfolio's currency, >= 0.

    ``purchase`` is None where it is not told apart: in an average, and of units that arrived.
    """

    purchase: Decimal | None
    sale: Decimal

    @property
    def together(self) -> Decimal | None:
        return None if self.purchase is None else self.purchase + self.sale

    def gross_cost(self, gain: RealisedGain) -> Decimal | None:
        """What the units cost before anybody charged for it."""
        return None if self.purchase is None else gain.cost - self.purchase

    def gross_proceeds(self, gain: RealisedGain) -> Decimal:
        return gain.proceeds + self.sale


def charges_of(portfolio: Portfolio, realised: Sequence[RealisedGain]) -> list[GainCharges]:
    """One for each realised gain. One query."""
    trades = JournalEntry.objects.filter(
        portfolio=portfolio, kind__in=[EntryKind.BUY, EntryKind.SELL]
    )
    known = charged(trades) if realised else {}
    found = []
    for one in realised:
        bought = None if one.purchase_id is None else known.get(one.purchase_id)
        sold = known.get(one.closing_entry_id)
        purchase = None if one.purchase_id is None else ZERO
        found.append(
            GainCharges(
                purchase=purchase if bought is None else bought.within(one.cost),
                sale=ZERO if sold is None else sold.on(one.quantity),
            )
        )
    return found


def charges_of_lots(lots: Iterable[Lot]) -> Mapping[UUID, Decimal]:
    """Charges within the whole cost of lots that purchases opened, by lot. One query.

    Left out are lots that came otherwise, whose charges elsewhere are not known here, and those
    of an average, which hold the units of several purchases.
    """
    found = {lot.id: lot for lot in lots if lot.opening_entry_id == lot.id}
    bought = JournalEntry.objects.filter(id__in=found, kind=EntryKind.BUY).only(*FACTS)
    return {
        one.id: Charged.of(one).within(found[one.id].cost) if one.fees or one.taxes else ZERO
        for one in bought
        if one.quantity == found[one.id].quantity
    }


def charged(trades: QuerySet[JournalEntry, JournalEntry]) -> dict[UUID, Charged]:
    """Those of the trades that were charged for, by entry."""
    found = trades.exclude(fees=0, taxes=0).only(*FACTS)
    return {one.id: Charged.of(one) for one in found.iterator()}
