"""Ticks judged one by one and all at once: one answer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from market.intake.tick_columns import TickColumns
from market.intake.tick_rules import are_all_sound, find_problem
from market.values import TickValue
from tests.market.factories import NOON

numbers = st.sampled_from([*map(Decimal, ("1", "0.5", "1E+20", "0", "-0", "-1"))]) | st.decimals()
ticks = st.builds(
    TickValue,
    instrument_id=st.just(1),
    occurred_at=st.integers(min_value=-2, max_value=2).map(
        lambda us: NOON + timedelta(microseconds=us)
    ),
    provider_tick_id=st.just("t"),
    price=numbers,
    size=numbers,
    source=st.just("simulated"),
)
sound_ticks = ticks.filter(lambda tick: find_problem(tick, latest_at=NOON) is None)


@given(st.lists(ticks, max_size=4) | st.lists(sound_ticks, max_size=4))
def test_a_batch_is_sound_when_each_of_its_ticks_is(batch: list[TickValue]) -> None:
    found = [find_problem(tick, latest_at=NOON) for tick in batch]
    assert are_all_sound(TickColumns.of(batch), latest_at=NOON) is not any(found)
