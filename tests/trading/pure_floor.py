"""The same business as ``floor.py`` on the books in memory alone, beside the plain market.

After each match the two must agree on every fill, every order's place, turn and rest, and every
end; and each step must be one that the table of states allows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from market.values import QuoteValue
from tests.trading.pure_matching import Known, Matching
from tests.trading.pure_terms import collar, exits_of, lots, price, trail_of
from trading.shards.batches import Listing, WorkingOrder
from trading.shards.split_terms import SplitTerms
from trading.states import (
    CommandKind,
    Event,
    OrderClass,
    OrderType,
    Side,
    Status,
    TimeInForce,
    next_status,
)

MIDDLE: Final = 10_000  # steps
COLLAR_BPS: Final = 20  # steps, at that price
ENDINGS: Final = ("day", "gtc", "ioc", "fok", "cls", "opg")
GROUPS: Final = (OrderClass.BRACKET, OrderClass.OTO, OrderClass.OCO)
LISTING: Final = Listing("XNAS", "America/New_York", Decimal("0.0001"), Decimal("0.000001"))
BEGIN: Final = datetime(2026, 3, 4, 12, tzinfo=UTC)
# A day of this market, in minutes: opens, closes, and ends its extended hours.
DAY, CLOSES, ENDS = 120, 60, 90
LISTED: Final = (1, 2)
# Units of now for units of before. Steps between the lowest and the highest price that a split may
# bring about: below, rounding to a step would be all there is.
RATIOS: Final = ((2, 1), (3, 2), (3, 1), (7, 5), (10, 1), (1, 2), (1, 10))
LOWEST, HIGHEST = 500, 40_000


class PureFloor(Matching):
    """Two people and their two instruments; nobody is short of money or units."""

    def __init__(self) -> None:
        super().__init__(LISTED, collar_bps=COLLAR_BPS, now=BEGIN)
        self.halted: set[int] = set()  # places in ``LISTED``
        self.levels = [MIDDLE, MIDDLE]  # around which prices are, in units of now
        self.middles = [MIDDLE, MIDDLE]
        for which in range(len(LISTED)):
            self.quote(which, 0, 5)

    # What people do.

    def place(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        """A simple order: limit, market, stop or trailing, of any ending, either side."""
        if which in self.halted:
            return
        ending = TimeInForce(ENDINGS[kind % len(ENDINGS)])
        side = (Side.BUY, Side.SELL)[kind // 6 % 2]
        shape, limit = kind // 12 % 4, self.levels[which] + offset
        fields: dict[str, Any] = {"type": OrderType.LIMIT, "time_in_force": ending}
        if shape == 1:
            fields["extended_hours"] = ending.may_rest
        elif shape == 2:
            stops = (OrderType.STOP, OrderType.STOP_LIMIT)
            fields |= {"type": stops[size % 2], "time_in_force": TimeInForce(ENDINGS[kind % 2])}
            fields["stop_price"] = price(limit)
            limit += 0 if size % 2 else collar(side)
        elif shape == 3:
            fields["type"], limit = OrderType.MARKET, self.middles[which] + collar(side)
            if kind % 2:
                fields |= {"type": OrderType.TRAILING_STOP, "time_in_force": TimeInForce.GTC}
                fields |= trail_of(offset)
        self._place(who, which, size, side=side, worst_price=price(limit), **fields)

    def place_group(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        """An entry with its exits, or two exits of which one may happen."""
        if which in self.halted:
            return
        group, entry = GROUPS[kind % len(GROUPS)], self.levels[which] + offset
        ending = TimeInForce(ENDINGS[kind // 3 % 2])
        profit, loss = entry + 5 + abs(offset), entry - 5 - abs(offset)
        is_oco = group is OrderClass.OCO
        leader = self.new_order(
            who,
            LISTED[which],
            size,
            LISTING,
            side=Side.SELL if is_oco else Side.BUY,
            type=OrderType.LIMIT,
            time_in_force=ending,
            worst_price=price(profit if is_oco else entry),
            expires_at=self._ends_at(ending, is_extended=False),
            order_class=group,
        )
        hold = leader.id if is_oco else None
        for fields in exits_of(group, kind, profit=profit, loss=loss):
            leg = replace(
                leader,
                id=self.new_id(),
                side=Side.SELL,
                parent_id=leader.id,
                is_dormant=True,
                hold_reference=hold,
                **fields,
            )
            hold = hold or leg.id
            self.record(leg, CommandKind.PLACE)
        self.record(leader, CommandKind.PLACE)

    def replace(self, chosen: int, offset: int, size: int) -> None:
        """Another price, another size or both for one of the working orders."""
        known = self._chosen(chosen)
        if known is None or known.status in {Status.PENDING_CANCEL, Status.PENDING_REPLACE}:
            return
        old = known.order
        is_exit = old.order_class is not OrderClass.SIMPLE and not old.is_entry
        asked = old.quantity if is_exit or not offset % 2 else lots(size)
        if (
            (old.replaces_id is not None and old.priority is None)  # on its way itself
            or (old.is_entry and old.filled_quantity)
            or self.is_being_restated(old)
            or LISTED.index(old.instrument_id) in self.halted
            or asked <= old.filled_quantity
        ):
            return
        until = self._ends_at(old.time_in_force, is_extended=old.extended_hours)
        new = replace(
            old,
            id=self.new_id(),
            quantity=asked - old.filled_quantity,
            filled_quantity=Decimal(0),
            filled_before=old.filled_quantity,
            replaces_id=old.id,
            priority=None,
            is_queued=False,
            is_suspended=False,
            hold_reference=old.hold_id if is_exit else None,
            expires_at=old.expires_at if is_exit else until,
            **(self._new_terms(old, offset) if offset % 3 else {}),
        )
        known.status = next_status(known.status, Event.REPLACE_REQUESTED)
        self.record(new, CommandKind.REPLACE)

    def cancel(self, chosen: int) -> None:
        """As ``cancel_order``: with what is on its way to replace it."""
        known = self._chosen(chosen)
        if known is None:
            return
        found = [known]
        if known.status is Status.PENDING_REPLACE:
            found += [one for one in self.working() if one.order.replaces_id == known.order.id]
        for one in found:
            if one.status is not Status.PENDING_CANCEL:
                one.status = next_status(one.status, Event.CANCEL_REQUESTED)
                self.ask(CommandKind.CANCEL, one.order)

    # What happens.

    def quote(self, which: int, offset: int, size: int) -> None:
        """A newer price, two steps wide and two levels deep."""
        self.now += timedelta(seconds=1)
        middle = self.middles[which] = self.levels[which] + offset
        bids = [(price(middle - 1), lots(size)), (price(middle - 3), lots(size // 2))]
        asks = [(price(middle + 1), lots(size)), (price(middle + 3), lots(size // 2))]
        self.show(
            QuoteValue(
                instrument_id=LISTED[which],
                symbol=str(which),
                bid=bids[0][0],
                bid_size=bids[0][1],
                ask=asks[0][0],
                ask_size=asks[0][1],
                last=price(middle),
                last_size=None,
                previous_close=None,
                bid_levels=tuple(bids),
                ask_levels=tuple(asks),
                occurred_at=self.now,
                source="simulated",
            )
        )

    def halt(self, which: int) -> None:
        self.halted ^= {which}

    def split(self, which: int, kind: int, most: int) -> None:
        """Tell of a split that has taken effect: prices jump, and orders are to follow.

        Now and then a part of them has before the first price comes that knows of it.
        """
        ratio_to, ratio_from = RATIOS[kind % len(RATIOS)]
        level = self.levels[which] * ratio_from // ratio_to
        if not LOWEST <= level <= HIGHEST:
            return
        self.levels[which] = level
        told = SplitTerms(
            split_id=self.new_id(),
            ratio_from=ratio_from,
            ratio_to=ratio_to,
            ex_date=self.now.date(),
        )
        self.ask_to_restate(LISTED[which], told)
        if kind % 2:
            self.match(most)
        self.quote(which, 0, 5)

    def wait(self, minutes: int) -> None:
        """Let time pass, into the closing auction and past it; now and then prices come again."""
        self.now += timedelta(minutes=minutes)
        if minutes % 3:
            for which in range(len(LISTED)):
                self.quote(which, 0, 20)

    def match(self, most: int = 500) -> None:
        """Let the books and the plain market do what waits."""
        minute = self._minute()
        everywhere = frozenset(LISTED)
        self.match_commands(
            most=most,
            closed=everywhere if minute >= ENDS else frozenset(),
            extended=everywhere if CLOSES <= minute < ENDS else frozenset(),
            halted=frozenset(LISTED[which] for which in self.halted),
        )

    def restart(self) -> None:
        self.match()
        self.rebuild()

    def finish(self) -> None:
        """Let everybody cancel what is left; nothing may work afterwards."""
        for place in reversed(range(len(self.working()))):
            self.cancel(place)
        self.match()
        self.match()
        left = [(str(one.order.type), one.status) for one in self.working()]
        assert not left, f"still working after everything was cancelled: {left}"

    def _place(self, who: int, which: int, size: int, **fields: Any) -> None:
        ending = fields["time_in_force"]
        fields["expires_at"] = self._ends_at(
            ending, is_extended=fields.get("extended_hours", False)
        )
        order = self.new_order(who, LISTED[which], size, LISTING, **fields)
        self.record(order, CommandKind.PLACE)

    def _chosen(self, chosen: int) -> Known | None:
        working = self.working()
        return working[chosen % len(working)] if working else None

    def _new_terms(self, old: WorkingOrder, offset: int) -> dict[str, Any]:
        """Where its price moves to; a trailing stop's distance changes."""
        moved = self.levels[LISTED.index(old.instrument_id)] + offset
        if old.is_trailing:
            fresh = {"stop_price": None, "water_mark": None}
            return {} if old.is_triggered else trail_of(offset) | fresh
        if old.type.waits_for_stop and not old.is_triggered:
            worst = moved + (0 if old.type.has_limit else collar(old.side))
            return {"stop_price": price(moved), "worst_price": price(worst)}
        return {"worst_price": price(moved)} if old.type.has_limit else {}

    def _minute(self) -> float:
        return ((self.now - BEGIN).total_seconds() / 60) % DAY

    def _ends_at(self, ending: TimeInForce, *, is_extended: bool) -> datetime | None:
        if ending is TimeInForce.GTC:
            return None
        day = int((self.now - BEGIN).total_seconds() / 60) // DAY
        ends = {TimeInForce.OPG: 0}.get(ending, ENDS if is_extended else CLOSES)
        if self._minute() >= ends:
            day += 1
        return BEGIN + timedelta(minutes=day * DAY + ends)
