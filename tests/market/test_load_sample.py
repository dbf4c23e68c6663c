"""The sample of the first run, continued by the simulator."""

from datetime import UTC, date, datetime

import pytest

from market.models import Bar, IngestionRun, Instrument
from market.queries import bars, instrument_by_address
from market.sample import load_sample
from market.values import Interval

NOW = datetime(2020, 3, 4, 17, tzinfo=UTC)  # soon after the real history, so little to simulate


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db
def test_the_sample_is_loaded_once_and_continues_to_yesterday() -> None:
    loaded = load_sample(clock=lambda: NOW)
    assert loaded.instruments == Instrument.objects.count() == 30
    run = loaded.run
    assert (run.rows_read, run.rows_written, run.rows_refused) == (37_767, 37_766, 1)
    # As published: the high of one row is below its open.
    assert run.refusals.get().code == "high_too_low"
    apple = instrument_by_address("AAPL")
    days = bars(apple, interval=Interval.DAY, limit=2_000)
    assert days[0].opened_at.date() == date(2015, 1, 12)
    assert days[-1].opened_at.date() == date(2020, 3, 3)
    assert {bar.source for bar in days} == {"sample", "simulated"}
    assert Bar.objects.filter(interval="1m", source="simulated").exists()

    filled = IngestionRun.objects.get(provider="simulated")
    assert (filled.source_name, filled.status) == ("back-fill", "completed")
    assert filled.rows_written == loaded.simulated_bars > 0
    assert filled.notes == {"instruments": 30}

    before = Bar.objects.count()
    again = load_sample(clock=lambda: NOW)
    assert (again.run.rows_written, again.run.rows_unchanged) == (0, 37_766)
    assert again.simulated_bars == 0
    assert Bar.objects.count() == before
