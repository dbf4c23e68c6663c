"""The sample of the first run: 30 well-known stocks with five years of their real history.

Prices, dividends and splits. The simulator continues the prices from their last real close to now,
so that charts have no hole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import transaction

from market.corporate_actions.action_imports import import_actions
from market.intake.backfills import backfill_history
from market.intake.partitions import ensure_tick_partitions
from market.intake.price_files import import_file
from market.models import IngestionRun, Instrument

FOLDER: Final = Path(__file__).with_name("sample_data")
SOURCE: Final = "sample"
PARTITION_DAYS: Final = 4


@dataclass(frozen=True, slots=True)
class LoadedSample:
    instruments: int
    run: IngestionRun
    simulated_bars: int  # written now


@transaction.atomic
def load_sample(*, clock: Callable[[], datetime]) -> LoadedSample:
    """Load it wholly or not at all; again, it only continues the simulated history."""
    run = import_file(
        FOLDER / "starter_bars.csv.gz",
        instruments=FOLDER / "instruments.csv",
        clock=clock,
        source=SOURCE,
    )
    now = clock()
    for file in (FOLDER / "dividends.csv", FOLDER / "splits.csv"):
        import_actions(file.read_bytes(), name=file.name, source=SOURCE, imported_at=now)
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=PARTITION_DAYS)
    simulated = backfill_history(clock=clock)
    return LoadedSample(Instrument.objects.active().count(), run, simulated.rows_written)
