"""Lots in forms: those that a sale names, chosen from open ones, and those a transfer brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms

from accounts.errors import Problem
from accounts.problem_forms import ProblemForm
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.drafts import EntryKind, LotFact
from portfolio.lots import Method
from portfolio.models import JournalEntry, Lot, LotClosure, Portfolio
from portfolio.models.portfolios import PortfolioKind
from portfolio.recording.activity_forms import number, plain
from portfolio.recording.activity_rules import LOTS_MAXIMUM, ActivityDraft

LEAD: Final = "lot_"
ASKED: Final = "show_lots"


@dataclass(frozen=True, slots=True)
class OfferedLot:
    """An open lot, with the units that this sale could use."""

    lot: Lot
    units: Decimal

    @property
    def name(self) -> str:
        """Of its field."""
        return f"{LEAD}{self.lot.id.hex}"


class LotsForm(ProblemForm):
    """A field for the units of each lot. All empty: the portfolio's method chooses."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        offered: Iterable[OfferedLot],
        filled: Mapping[str, Any] | None = None,
    ) -> None:
        """``filled`` stands in the fields without being judged yet."""
        super().__init__(data, initial=dict(filled.items()) if filled else None)
        self.offered = list(offered)
        for one in self.offered:
            label = f"Units of the lot of {one.lot.opened_at:%Y-%m-%d}"
            self.fields[one.name] = number(label=label)

    @property
    def rows(self) -> list[tuple[OfferedLot, forms.BoundField]]:
        return [(one, self[one.name]) for one in self.offered]

    def clean(self) -> None:
        """Refuse what was named and is not to be had, so that no other lot is used instead."""
        for name in self.data:
            if name.startswith(LEAD) and name not in self.fields and self.data[name].strip():
                message = "A lot that was named is not open here any more; choose again."
                raise forms.ValidationError(message)

    def to_lots(self) -> tuple[LotFact, ...]:
        """What a valid form means."""
        told = ((one, self.cleaned_data.get(one.name)) for one in self.offered)
        return tuple(
            LotFact(lot_id=one.lot.id, quantity=units) for one, units in told if units is not None
        )

    def add_lot_problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """Show what is wrong with lots at each, and return all other problems."""
        if not self.offered:
            return list(problems)
        chosen = [one for one in self.offered if self.cleaned_data.get(one.name) is not None]
        others = []
        for problem in problems:
            field, _, rest = problem.field.partition(".")
            if field != "lots":
                others.append(problem)
                continue
            place = rest.partition(".")[0]
            self.add_error(chosen[int(place)].name if place else None, problem.message)
        return others


def offered_lots(
    portfolio: Portfolio,
    *,
    kind: str,
    instrument: Instrument | None,
    replaced: JournalEntry | None = None,
) -> list[OfferedLot]:
    """Open lots of what is sold, oldest first; those that a replaced sale used, with its units."""
    if instrument is None or kind != EntryKind.SELL or not may_name_lots(portfolio):
        return []
    given_back = used_by(replaced)
    lots = Lot.objects.filter(portfolio=portfolio, instrument=instrument)
    lots = lots.filter(remaining_quantity__gt=0) | lots.filter(id__in=given_back)
    return [
        OfferedLot(lot, lot.remaining_quantity + given_back.get(lot.id, ZERO))
        for lot in lots.order_by("opened_at", "id")[:LOTS_MAXIMUM]
    ]


def may_name_lots(portfolio: Portfolio) -> bool:
    """Sales of a paper portfolio come from orders, and under average cost all lots are one."""
    return portfolio.kind == PortfolioKind.TRACKED and portfolio.lot_method != Method.AVERAGE


def used_by(replaced: JournalEntry | None) -> dict[Any, Decimal]:
    """Units of each lot that a sale used; it gives them back when it is replaced."""
    if replaced is None or replaced.kind != EntryKind.SELL:
        return {}
    return dict(LotClosure.objects.filter(closing_entry=replaced).values_list("lot_id", "quantity"))


def lots_of_sale(portfolio: Portfolio, entry: JournalEntry) -> LotsForm:
    """The form filled with the lots that a sale named, which is to be set right."""
    offered = offered_lots(portfolio, kind=entry.kind, instrument=entry.instrument, replaced=entry)
    named = [LotFact.from_plain(one) for one in entry.lots or []]
    filled = {f"{LEAD}{one.lot_id.hex}": plain(one.quantity) for one in named if one.lot_id}
    return LotsForm(offered=offered, filled=filled)


def lots_brought(entry: JournalEntry | None) -> list[LotFact]:
    """Those that came with units, each with the cost and the day it was told with."""
    if entry is None or entry.kind != EntryKind.TRANSFER_IN:
        return []
    return [LotFact.from_plain(one) for one in entry.lots or []]


def lots_kept(activity: ActivityDraft, replaced: JournalEntry | None) -> tuple[LotFact, ...]:
    """Those of the arrival that an activity takes the place of, unless that says another cost."""
    is_arrival = activity.kind == EntryKind.TRANSFER_IN and activity.instrument is not None
    has_cost = activity.unit_price is not None or activity.amount is not None
    if not is_arrival or has_cost or activity.counterpart is not None:
        return ()
    return tuple(lots_brought(replaced))
