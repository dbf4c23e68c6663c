"""Our indicators and figures agree with established libraries on real prices."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from market.charting.indicator_lines import reading
from market.charting.indicators import (
    bollinger_bands,
    exponential_moving_average,
    moving_average_convergence,
    relative_strength_index,
    simple_moving_average,
)
from market.intake.price_files import import_file
from market.queries import instrument_by_address, statistics
from tests.factories import make_instrument

NOW = datetime(2020, 3, 4, 17, tzinfo=UTC)
Series = Sequence[Decimal | None]
SAMPLE = Path(__file__).resolve().parents[2] / "market" / "sample_data" / "starter_bars.csv.gz"


@pytest.fixture(scope="module")
def closes() -> list[Decimal]:
    """Five years of Apple."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as lines:
        return [Decimal(row["close"]) for row in csv.DictReader(lines) if row["symbol"] == "AAPL"]


def assert_agree(ours: Series, theirs: np.ndarray) -> None:
    """Where the library has a value ours is the same, to the last digit shown."""
    assert len(ours) == len(theirs) > 1_000
    compared = 0
    for own, other in zip(ours, theirs.tolist(), strict=True):
        if math.isnan(other):
            continue
        assert own is not None
        assert own == pytest.approx(Decimal(repr(other)), abs=Decimal("1e-8"))
        assert reading(own) == reading(Decimal(repr(round(other, 10))))
        compared += 1
    assert compared > 1_000


def floats(values: list[Decimal]) -> np.ndarray:
    return np.array([float(value) for value in values])


@pytest.mark.parametrize("length", [2, 20, 200])
def test_averages_agree(closes: list[Decimal], length: int) -> None:
    assert_agree(simple_moving_average(closes, length=length), talib.SMA(floats(closes), length))
    assert_agree(
        exponential_moving_average(closes, length=length), talib.EMA(floats(closes), length)
    )


@pytest.mark.parametrize("length", [5, 20])
def test_bands_agree(closes: list[Decimal], length: int) -> None:
    upper, middle, lower = talib.BBANDS(floats(closes), timeperiod=length, nbdevup=2, nbdevdn=2)
    bands = bollinger_bands(closes, length=length)
    assert_agree(bands.upper, upper)
    assert_agree(bands.middle, middle)
    assert_agree(bands.lower, lower)


@pytest.mark.parametrize("length", [2, 14])
def test_strength_agrees(closes: list[Decimal], length: int) -> None:
    assert_agree(relative_strength_index(closes, length=length), talib.RSI(floats(closes), length))


def test_convergence_agrees(closes: list[Decimal]) -> None:
    macd, signal, histogram = talib.MACD(floats(closes), 12, 26, 9)
    found = moving_average_convergence(closes)
    assert_agree(found.macd, macd)
    assert_agree(found.signal, signal)
    assert_agree(found.histogram, histogram)


@pytest.mark.django_db
def test_statistics_agree_with_numpy_and_pandas(tmp_path: Path) -> None:
    rows = pd.read_csv(SAMPLE)
    rows = rows[rows["symbol"] == "AAPL"]
    path = tmp_path / "apple.csv"
    rows.to_csv(path, index=False)
    make_instrument("AAPL")
    import_file(path, instruments=None, clock=lambda: NOW, source="sample")
    found = statistics(instrument_by_address("AAPL"))

    def shown(value: float) -> Decimal:
        return Decimal(repr(float(value))).quantize(Decimal("1e-8"))

    close, volume = rows["close"], rows["volume"]
    typical = (rows["high"] + rows["low"] + close) / 3
    returns = np.log(close / close.shift(1))
    assert found.count == len(rows) > 1_000
    assert found.minimum == shown(rows["low"].min()) == shown(np.min(rows["low"].to_numpy()))
    assert found.maximum == shown(rows["high"].max()) == shown(np.max(rows["high"].to_numpy()))
    assert found.mean == shown(close.mean()) == shown(np.mean(close.to_numpy()))
    assert found.stdev == shown(close.std()) == shown(np.std(close.to_numpy(), ddof=1))
    assert found.annualised_volatility == shown(returns.std() * math.sqrt(252))
    assert found.vwap == shown(np.average(typical.to_numpy(), weights=volume.to_numpy()))
    assert found.volume == int(volume.sum())
