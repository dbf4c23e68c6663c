"""Random ticks over alerts of every kind, against a plain look at each alert with each tick."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Final
from uuid import UUID

from market.alerts.close_series import CloseSeries
from market.alerts.crossing_index import Watch
from market.alerts.kinds import AlertKind, Direction
from market.alerts.terms import AlertTerms, Condition, complete
from market.alerts.watched import Watched, WatchedAlert
from market.values import Interval
from tests.market.plain_alerts import PlainDesk, Told
from tests.torture.report import Finding

TICKS_MINIMUM: Final = 1_000_000
TICKS_PER_GAME: Final = 20_000
INSTRUMENTS: Final = 16
ALERTS_EACH: Final = 7  # one of every kind
DISTANCE_BPS: Final = 10
BEGINS_AT: Final = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
PORTFOLIO: Final = UUID(int=7)
VIOLATIONS_SHOWN: Final = 20
INTERVALS: Final = (Interval.MINUTE, Interval.FIVE_MINUTES)


def search(*, seconds: float, seed: int, ticks: int = TICKS_MINIMUM) -> Finding:
    """Play games until time is up and so many ticks are played, or too much is wrong."""
    finding = Finding("alerts", seed=seed, counted="ticks")
    deadline = time.monotonic() + seconds
    did: Counter[str] = Counter()
    game = 0
    while finding.count < ticks or time.monotonic() < deadline:
        played = Game(random.Random(f"{seed}/{game}"))
        length = min(TICKS_PER_GAME, max(ticks - finding.count, 1_000))
        finding.violations += [f"game {game}: {words}" for words in played.play(length, did)]
        finding.count += length
        game += 1
        if len(finding.violations) >= VIOLATIONS_SHOWN:
            break
    fired = [f"{kind.value} {did[kind.value]:,}" for kind in AlertKind]
    finding.notes = [f"fired: {', '.join(fired)}", f"armed again: {did['armed']:,}"]
    return finding


class Game:
    """One desk of random alerts, watched by the program and by the oracle."""

    def __init__(self, numbers: random.Random) -> None:
        self._numbers = numbers
        kinds = islice(cycle(AlertKind), INSTRUMENTS * ALERTS_EACH)
        alerts = [self._alert(number, kind) for number, kind in enumerate(kinds)]
        self._kinds = {one.watch.alert_id: one.condition.kind.value for one in alerts}
        self._oracle = PlainDesk(alerts, distance_bps=DISTANCE_BPS)
        self._watched = Watched(rearm_distance_bps=DISTANCE_BPS)
        for alert in alerts:
            self._watched.put(alert)
        for key in self._watched.series_missing():
            self._watched.set_series(key, CloseSeries(key[1], timezone="America/New_York"))
        self._cents = [10_000] * INSTRUMENTS
        self._costs: dict[tuple[UUID, int], Decimal] = {}
        self._at = BEGINS_AT

    def play(self, ticks: int, did: Counter[str]) -> list[str]:
        """Play so many ticks; count what they did by kind, and tell where the two differ."""
        violations: list[str] = []
        for tick in range(ticks):
            number, price, at = self._next_tick()
            crossings = self._watched.price(number, price, at)
            found = {(one.alert_id, one.is_fired) for one in crossings}
            expected = self._oracle.price(number, price, at)
            for alert_id, is_fired in found:
                did[self._kinds[alert_id] if is_fired else "armed"] += 1
            if found != expected or len(found) != len(crossings):
                violations.append(f"tick {tick}, {price}: {self._words(found, expected)}")
                break  # from here on the two know different states
        return violations

    def _next_tick(self) -> tuple[int, Decimal, datetime]:
        """A step of a random walk, now and then a leap, a late tick, or other facts."""
        numbers = self._numbers
        number = numbers.randrange(INSTRUMENTS)
        self._at += timedelta(microseconds=numbers.randrange(2_000_000))
        leap = 500 if numbers.random() < 0.002 else 25
        # Pulled back to where the alerts are.
        pull = (10_000 - self._cents[number]) // 200
        self._cents[number] = max(1, self._cents[number] + numbers.randint(-leap, leap) + pull)
        price = Decimal(self._cents[number]) / 100
        if numbers.random() < 0.002:
            self._change_facts(number, price)
        late = timedelta(seconds=numbers.randrange(1, 90) if numbers.random() < 0.02 else 0)
        return number, price, self._at - late

    def _change_facts(self, number: int, price: Decimal) -> None:
        """Another previous close, and another cost of what is held, or nothing held."""
        facts = self._oracle.facts[number]
        facts.previous_close = price
        self._watched.set_previous_close(number, price)
        facts.average_cost = None if self._numbers.random() < 0.2 else price
        self._costs.pop((PORTFOLIO, number), None)
        if facts.average_cost is not None:
            self._costs[PORTFOLIO, number] = facts.average_cost
        self._watched.set_average_costs(self._costs)

    def _alert(self, number: int, kind: AlertKind) -> WatchedAlert:
        numbers = self._numbers
        condition = complete(AlertTerms(condition=self._condition(kind))).condition
        watch = Watch(
            alert_id=UUID(int=number + 1),
            instrument_id=number // ALERTS_EACH,
            revision=1,
            is_above=condition.is_above,
            level=None,
            is_armed=numbers.random() < 0.7,
            repeats=numbers.random() < 0.9,
            cooldown=timedelta(seconds=numbers.choice((0, 60, 600))),
        )
        return WatchedAlert(watch, condition)

    def _condition(self, kind: AlertKind) -> Condition:
        numbers = self._numbers
        if kind in (AlertKind.PRICE_ABOVE, AlertKind.PRICE_BELOW):
            return Condition(kind=kind, threshold=Decimal(numbers.randint(9_700, 10_300)) / 100)
        if kind is AlertKind.CHANGE_PCT:
            return Condition(kind=kind, threshold=self._percent())
        if kind is AlertKind.HOLDING_GAIN_PCT:
            return Condition(kind=kind, threshold=self._percent(), portfolio_id=PORTFOLIO)
        interval, length = numbers.choice(INTERVALS), numbers.randint(2, 20)
        if kind is AlertKind.SMA_CROSS:
            return Condition(
                kind=kind,
                direction=numbers.choice(list(Direction)),
                interval=interval,
                length=length,
                fast_length=numbers.randrange(1, length),
            )
        threshold = Decimal(numbers.randint(20, 80))
        return Condition(kind=kind, threshold=threshold, interval=interval, length=length)

    def _percent(self) -> Decimal:
        return Decimal(self._numbers.choice((-1, 1)) * self._numbers.randint(5, 300)) / 100

    def _words(self, found: set[Told], expected: set[Told]) -> str:
        """What only one of the two saw."""

        def told(some: set[Told]) -> str:
            return ", ".join(
                f"{self._kinds[alert_id]} {'fired' if is_fired else 'armed'} ({alert_id.int})"
                for alert_id, is_fired in sorted(some)
            )

        return (
            f"the program saw [{told(found - expected)}], a plain look [{told(expected - found)}]"
        )
