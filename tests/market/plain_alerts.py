"""Alerts looked at one by one with every price, each kind by its definition: the oracle.

The program solves each condition for the price that meets it. Here nothing is solved: averages and
indices are worked out anew with the price at hand, and only compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from market.alerts.close_series import CLOSES_KEPT
from market.alerts.crossing_index import Watch
from market.alerts.kinds import AlertKind
from market.alerts.terms import Condition
from market.alerts.watched import WatchedAlert
from market.values import Interval

Told = tuple[UUID, bool]  # an alert, and whether it fired; else it was armed again
ZERO = Decimal(0)


@dataclass
class PlainBars:
    """Closes of bars of so many seconds."""

    seconds: int
    closes: list[Decimal] = field(default_factory=list)
    number: int | None = None  # of the bar that is open
    live: Decimal = ZERO
    averages: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)  # of the closes

    def price(self, price: Decimal, at: datetime) -> None:
        number = int(at.timestamp()) // self.seconds
        if self.number is not None and number < self.number:
            return
        if self.number is not None and number > self.number:
            self.closes = [*self.closes[1 - CLOSES_KEPT :], self.live]
            self.averages = {}
        self.number, self.live = number, price


@dataclass
class PlainFacts:
    """What is known of one instrument."""

    previous_close: Decimal | None = None
    average_cost: Decimal | None = None
    bars: dict[Interval, PlainBars] = field(default_factory=dict)


def difference(condition: Condition, facts: PlainFacts, price: Decimal) -> Decimal | None:
    """Above zero where the price is beyond what is waited for; None where that is not known."""
    threshold = condition.threshold or ZERO
    match condition.kind:
        case AlertKind.PRICE_ABOVE | AlertKind.PRICE_BELOW:
            return price - threshold
        case AlertKind.CHANGE_PCT:
            return _gain(price, facts.previous_close, threshold)
        case AlertKind.HOLDING_GAIN_PCT:
            return _gain(price, facts.average_cost, threshold)
    assert condition.interval is not None
    assert condition.length is not None
    bars = facts.bars[condition.interval]
    if condition.kind is not AlertKind.SMA_CROSS:
        return _rsi_beyond(bars, condition.length, threshold, price)
    fast, slow = condition.fast_length or 1, condition.length
    closes = [*bars.closes[1 - slow :], price]
    if len(closes) < slow:
        return None
    return sum(closes[-fast:], ZERO) * slow - sum(closes, ZERO) * fast


def _gain(price: Decimal, base: Decimal | None, percent: Decimal) -> Decimal | None:
    return None if base is None else price * 100 - base * (100 + percent)


def _rsi_beyond(bars: PlainBars, length: int, threshold: Decimal, price: Decimal) -> Decimal | None:
    """Wilder's index at the newest close, less the threshold, times what it is a share of."""
    if len(bars.closes) <= length:
        return None
    if length not in bars.averages:
        bars.averages[length] = _averages(bars.closes, length)
    rises, falls = bars.averages[length]
    if rises == falls == 0:
        return None
    change = price - bars.closes[-1]
    rises = rises * (length - 1) + max(change, ZERO)
    falls = falls * (length - 1) + max(-change, ZERO)
    return 100 * rises - threshold * (rises + falls)


def _averages(closes: list[Decimal], length: int) -> tuple[Decimal, Decimal]:
    changes = [after - before for before, after in pairwise(closes)]
    rises = sum((max(one, ZERO) for one in changes[:length]), ZERO) / length
    falls = sum((max(-one, ZERO) for one in changes[:length]), ZERO) / length
    for change in changes[length:]:
        rises = (rises * (length - 1) + max(change, ZERO)) / length
        falls = (falls * (length - 1) + max(-change, ZERO)) / length
    return rises, falls


@dataclass
class PlainAlert:
    """One alert and its state."""

    watch: Watch
    condition: Condition
    distance_bps: int
    is_armed: bool
    is_resting: bool = False
    is_over: bool = False
    compared_at: datetime | None = None
    rests_until: datetime | None = None

    def price(self, facts: PlainFacts, price: Decimal, at: datetime) -> bool | None:
        """Whether the price fired it (True), armed it again (False) or did nothing (None)."""
        if self.is_over:
            return None
        if self.is_resting and self.rests_until is not None and at >= self.rests_until:
            self.is_resting = False
        if self.is_resting or (self.compared_at is not None and at <= self.compared_at):
            return None
        sign = 1 if self.watch.is_above else -1
        # Back beyond the level by a share of it is: the price, so much further, is not beyond it.
        share = 1 if self.is_armed else 1 - Decimal(sign * self.distance_bps) / 10_000
        beyond = difference(self.condition, facts, price / share)
        if beyond is None or (beyond * sign < 0 if self.is_armed else beyond * sign > 0):
            return None
        return self._changed(at)

    def _changed(self, at: datetime) -> bool:
        self.compared_at = at
        self.is_armed = not self.is_armed
        if not self.is_armed:
            self.is_over = not self.watch.repeats
            self.is_resting = True
            self.rests_until = at + self.watch.cooldown
        return not self.is_armed


class PlainDesk:
    """Every alert, looked at with every price."""

    def __init__(self, alerts: Iterable[WatchedAlert], *, distance_bps: int) -> None:
        self.facts: dict[int, PlainFacts] = {}
        self._alerts: dict[int, list[PlainAlert]] = {}
        for one in alerts:
            number, interval = one.watch.instrument_id, one.condition.interval
            plain = PlainAlert(one.watch, one.condition, distance_bps, one.watch.is_armed)
            self._alerts.setdefault(number, []).append(plain)
            facts = self.facts.setdefault(number, PlainFacts())
            if interval is not None:
                facts.bars.setdefault(interval, PlainBars(interval.seconds))

    def price(self, number: int, price: Decimal, at: datetime) -> set[Told]:
        for bars in self.facts[number].bars.values():
            bars.price(price, at)
        found = [
            (alert.watch.alert_id, alert.price(self.facts[number], price, at))
            for alert in self._alerts[number]
        ]
        self._alerts[number] = [alert for alert in self._alerts[number] if not alert.is_over]
        return {(alert_id, did) for alert_id, did in found if did is not None}
