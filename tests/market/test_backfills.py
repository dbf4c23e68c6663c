"""Each back-fill of the simulator is a run among the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.simulated.history import SimulatedHistory
from market.models import Bar, IngestionRun
from market.tasks import backfill_simulated
from tests.factories import make_daily_bars, make_instrument

pytestmark = pytest.mark.django_db(transaction=True)


def make_history() -> None:
    first_at = timezone.now().replace(hour=5, minute=0, second=0, microsecond=0)
    stock = make_instrument("AAPL")
    make_daily_bars(stock, [100] * 30, first_at=first_at - timedelta(days=40))


def test_it_says_what_was_written_and_the_next_that_nothing_was() -> None:
    make_history()
    before = Bar.objects.count()
    backfill_simulated()
    written = Bar.objects.count() - before
    backfill_simulated()
    first, again = IngestionRun.objects.order_by("created_at")
    assert (first.provider, first.source_name) == ("simulated", "back-fill")
    assert (first.status, first.rows_written) == ("completed", written)
    assert written > 0
    assert (again.status, again.rows_written) == ("completed", 0)
    assert again.finished_at is not None


def test_one_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    make_history()

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("the simulator stumbled")

    monkeypatch.setattr(SimulatedHistory, "backfill", fail)
    with pytest.raises(RuntimeError):
        backfill_simulated()
    run = IngestionRun.objects.get()
    assert (run.status, run.rows_written) == ("failed", 0)
    assert "interrupted" in run.error
