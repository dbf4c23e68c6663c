"""The index of levels against a plain look at every alert, tick by tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.alerts.crossing_index import Crossing, CrossingIndex, Watch
from tests.market.factories import NOON

DISTANCE_BPS = 10


@dataclass
class PlainAlert:
    """One alert, looked at with every price: the oracle."""

    watch: Watch
    is_armed: bool
    rests_until: float = float("-inf")
    is_over: bool = False

    def price(self, price: Decimal, second: float) -> bool | None:
        """Whether the price fired it (True), armed it again (False) or did nothing (None)."""
        level = self.watch.level
        if self.is_over or level is None:
            return None
        sign = 1 if self.watch.is_above else -1
        if self.is_armed:
            if (price - level) * sign < 0:
                return None
            self.is_armed = False
            self.is_over = not self.watch.repeats
            self.rests_until = second + self.watch.cooldown.total_seconds()
            return True
        back = level - sign * level * DISTANCE_BPS / 10_000
        if second < self.rests_until or (price - back) * sign > 0:
            return None
        self.is_armed = True
        return False


def make_watch(
    level: str | Decimal = "100",
    *,
    number: int = 1,
    is_above: bool = True,
    is_armed: bool = True,
    repeats: bool = False,
    cooldown: int = 0,
    instrument_id: int = 1,
) -> Watch:
    return Watch(
        alert_id=UUID(int=number),
        instrument_id=instrument_id,
        revision=1,
        is_above=is_above,
        level=Decimal(level),
        is_armed=is_armed,
        compared_at=NOON,
        repeats=repeats,
        cooldown=timedelta(seconds=cooldown),
    )


def walk(index: CrossingIndex, prices: str, *, instrument_id: int = 1) -> list[str]:
    """Walk through prices, one a second; tell what each did: ``fired@101``, ``armed@98``."""
    told: list[str] = []
    for second, price in enumerate(prices.split(), start=1):
        at = NOON + timedelta(seconds=second)
        found = index.price(instrument_id, Decimal(price), at)
        told += [f"{'fired' if crossing.is_fired else 'armed'}@{price}" for crossing in found]
    return told


@pytest.mark.parametrize(
    ("watch", "prices", "expected"),
    [
        pytest.param(make_watch(), "99 99.99 100 101", ["fired@100"], id="reached exactly"),
        pytest.param(make_watch(), "99 108 99 108", ["fired@108"], id="over a gap, and only once"),
        pytest.param(make_watch(is_above=False), "101 100.01 97", ["fired@97"], id="falling"),
        pytest.param(make_watch(), "120", ["fired@120"], id="the first price after a restart"),
        pytest.param(
            make_watch(is_armed=False),
            "101 99.95 101 99.9 100",
            ["armed@99.9", "fired@100"],
            id="met when made: waits for the price to return far enough",
        ),
        pytest.param(
            make_watch(repeats=True),
            "100 99.95 100 99 100 101",
            ["fired@100", "armed@99", "fired@100"],
            id="trembling at the level fires once",
        ),
        pytest.param(
            make_watch(repeats=True, cooldown=4),
            "100 99 100 99 98 101",
            ["fired@100", "armed@98", "fired@101"],
            id="not before the cool-down is over",
        ),
    ],
)
def test_prices_cross(watch: Watch, prices: str, expected: list[str]) -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    index.put(watch)
    assert walk(index, prices) == expected


def test_a_price_as_old_as_the_comparison_does_not_count() -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    index.put(make_watch())
    assert index.price(1, Decimal(200), NOON) == []
    assert index.price(1, Decimal(200), NOON + timedelta(microseconds=1))


def test_other_instruments_and_removed_alerts_stay_silent() -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    for number in (1, 2, 3):
        index.put(make_watch(number=number))
    index.remove(UUID(int=2))
    index.remove(UUID(int=2))
    assert walk(index, "200", instrument_id=2) == []
    assert [one.alert_id.int for one in index.price(1, Decimal(200), NOON + timedelta(1))] == [1, 3]
    assert len(index) == 0


def test_a_level_that_moves_is_met_by_the_next_price() -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    index.put(make_watch("100"))
    assert walk(index, "95") == []
    index.move(UUID(int=1), Decimal(90))
    assert walk(index, "95") == ["fired@95"]


def test_without_a_level_nothing_fires() -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    index.put(make_watch())
    index.move(UUID(int=1), None)
    assert walk(index, "1 1000") == []
    index.move(UUID(int=1), Decimal(100))
    assert walk(index, "1000") == ["fired@1000"]


levels = st.integers(90, 110).map(Decimal)
walks = st.lists(st.integers(-300, 300), min_size=1, max_size=120)
alerts = st.lists(
    st.tuples(levels, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 9)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(steps=walks, terms=alerts)
def test_random_walks_fire_what_a_plain_look_at_every_alert_fires(
    steps: list[int], terms: list[tuple[Decimal, bool, bool, bool, int]]
) -> None:
    index = CrossingIndex(rearm_distance_bps=DISTANCE_BPS)
    oracle: list[PlainAlert] = []
    for number, (level, is_above, is_armed, repeats, cooldown) in enumerate(terms, start=1):
        watch = make_watch(
            level,
            number=number,
            is_above=is_above,
            is_armed=is_armed,
            repeats=repeats,
            cooldown=cooldown,
        )
        index.put(watch)
        oracle.append(PlainAlert(watch, is_armed))
    price = Decimal(100)
    for second, step in enumerate(steps, start=1):
        price += Decimal(step) / 100
        found = index.price(1, price, NOON + timedelta(seconds=second))
        expected = {
            (alert.watch.alert_id, did)
            for alert in oracle
            if (did := alert.price(price, second)) is not None
        }
        assert told(found) == expected
        assert len(told(found)) == len(found)


def told(crossings: list[Crossing]) -> set[tuple[UUID, bool]]:
    return {(crossing.alert_id, crossing.is_fired) for crossing in crossings}
