"""Which alerts a price fires, found without looking at the others. Pure.

Per instrument there are two ladders of levels: one is climbed by a rising price, the other by a
falling one. An armed alert stands on the ladder of its direction; one that waits for the price
to return stands on the other. A price takes off each ladder what it has reached.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

from market.alerts.levels import rearm_level

Step = tuple[Decimal, int, "Watch"]  # ascending key, the alert's number against ties


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alert as the index knows it; prices at or before ``compared_at`` do not count."""

    alert_id: UUID
    instrument_id: int
    revision: int
    is_above: bool
    level: Decimal | None  # None while it is not known; then nothing fires
    is_armed: bool
    compared_at: datetime | None = None
    rearm_at: datetime | None = None  # waiting alerts stay so until then
    repeats: bool = False
    cooldown: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a price did to an alert: it fired, or it was armed again."""

    alert_id: UUID
    revision: int
    is_fired: bool
    level: Decimal
    price: Decimal
    occurred_at: datetime


class Ladder:
    """Levels in the order in which a price that moves one way reaches them."""

    __slots__ = ("_sign", "_steps")

    def __init__(self, *, is_rising: bool) -> None:
        self._sign = 1 if is_rising else -1
        self._steps: list[Step] = []

    def put(self, level: Decimal, watch: Watch) -> None:
        insort(self._steps, (level * self._sign, watch.alert_id.int, watch))

    def remove(self, level: Decimal, watch: Watch) -> None:
        place = bisect_left(self._steps, (level * self._sign, watch.alert_id.int))
        del self._steps[place]

    def take_reached(self, price: Decimal) -> list[Watch]:
        steps = self._steps
        key = price * self._sign
        if not steps or steps[0][0] > key:
            return []
        end = 1
        while end < len(steps) and steps[end][0] <= key:
            end += 1
        reached = [step[2] for step in steps[:end]]
        del steps[:end]
        return reached


@dataclass(slots=True)
class InstrumentWatches:
    rising: Ladder = field(default_factory=lambda: Ladder(is_rising=True))
    falling: Ladder = field(default_factory=lambda: Ladder(is_rising=False))
    # Alerts whose cool-down lasts, by its end.
    resting: list[tuple[datetime, int, Watch]] = field(default_factory=list)


class CrossingIndex:
    """All alerts that one process watches."""

    def __init__(self, *, rearm_distance_bps: int) -> None:
        self._distance_bps = rearm_distance_bps
        self._instruments: defaultdict[int, InstrumentWatches] = defaultdict(InstrumentWatches)
        self._watches: dict[UUID, Watch] = {}
        # Where each alert stands; it may stand nowhere: no level, or its cool-down lasts.
        self._places: dict[UUID, tuple[Ladder, Decimal]] = {}
        self._turns = count()

    def __len__(self) -> int:
        return len(self._watches)

    def find(self, alert_id: UUID) -> Watch | None:
        return self._watches.get(alert_id)

    def all(self) -> Iterable[Watch]:
        return self._watches.values()

    def put(self, watch: Watch) -> None:
        """Watch an alert from now on, in place of what was known of it."""
        self.remove(watch.alert_id)
        self._watches[watch.alert_id] = watch
        self._place(watch)

    def remove(self, alert_id: UUID) -> None:
        watch = self._watches.pop(alert_id, None)
        place = self._places.pop(alert_id, None)
        if watch is not None and place is not None:
            place[0].remove(place[1], watch)

    def move(self, alert_id: UUID, level: Decimal | None) -> None:
        """Give an alert another level."""
        watch = self._watches.get(alert_id)
        if watch is not None and watch.level != level:
            self.put(replace(watch, level=level))

    def price(self, instrument_id: int, price: Decimal, at: datetime) -> list[Crossing]:
        """Take in a price; return what it did, once each."""
        listed = self._instruments.get(instrument_id)
        if listed is None:
            return []
        self._wake(listed, at)
        reached = listed.rising.take_reached(price) + listed.falling.take_reached(price)
        crossings: list[Crossing] = []
        for watch in reached:
            del self._places[watch.alert_id]
            if watch.compared_at is not None and at <= watch.compared_at:
                self._place(watch)
            else:
                crossings.append(self._cross(watch, price, at))
        return crossings

    def _cross(self, watch: Watch, price: Decimal, at: datetime) -> Crossing:
        if not watch.is_armed:
            self._keep(replace(watch, is_armed=True, compared_at=at, rearm_at=None))
        elif watch.repeats:
            rearm_at = at + watch.cooldown
            self._keep(replace(watch, is_armed=False, compared_at=at, rearm_at=rearm_at))
        else:
            del self._watches[watch.alert_id]
        return Crossing(
            alert_id=watch.alert_id,
            revision=watch.revision,
            is_fired=watch.is_armed,
            level=price if watch.level is None else watch.level,  # on a ladder it has one
            price=price,
            occurred_at=at,
        )

    def _keep(self, watch: Watch) -> None:
        self._watches[watch.alert_id] = watch
        self._place(watch)

    def _place(self, watch: Watch) -> None:
        """Put an alert where the price that matters to it will find it."""
        listed = self._instruments[watch.instrument_id]
        if watch.level is None:
            return
        if watch.is_armed:
            ladder, level = (listed.rising if watch.is_above else listed.falling), watch.level
        elif watch.rearm_at is not None:
            heapq.heappush(listed.resting, (watch.rearm_at, next(self._turns), watch))
            return
        else:
            ladder = listed.falling if watch.is_above else listed.rising
            level = rearm_level(
                watch.level, is_above=watch.is_above, distance_bps=self._distance_bps
            )
        ladder.put(level, watch)
        self._places[watch.alert_id] = (ladder, level)

    def _wake(self, listed: InstrumentWatches, at: datetime) -> None:
        """Let alerts whose cool-down is over wait for the price to return."""
        while listed.resting and listed.resting[0][0] <= at:
            _, _, watch = heapq.heappop(listed.resting)
            # It may have been changed or removed while it rested.
            if self._watches.get(watch.alert_id) is watch:
                self._keep(replace(watch, rearm_at=None))
