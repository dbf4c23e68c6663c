"""A desk with something of every dataset, and a worker that writes what is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from integrations.exports.requesting import NewExport, request_export
from integrations.exports.writing import write_export
from integrations.models import Export
from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.values import TickValue
from portfolio.models import Portfolio
from tests.factories import make_daily_bars
from tests.trading import factories
from tests.trading.factories import NOON, Clock

DAY = timedelta(days=1)
FIRST_DAY = date(2026, 3, 2)
FEBRUARY = datetime(2026, 2, 9, 5, tzinfo=UTC)  # midnight in New York
LATER = NOON + 3 * DAY


def make_ticks(instrument: Instrument, *, days: int = 2, each: int = 3) -> None:
    ensure_tick_partitions(first_date=FIRST_DAY, days=days)
    store_ticks(
        [
            TickValue(
                instrument_id=instrument.id,
                occurred_at=datetime(2026, 3, 2 + day, 15, tzinfo=UTC)
                + number * timedelta(hours=1),
                provider_tick_id=f"t{day}-{number}",
                price=Decimal("100.00000001") + number,
                size=Decimal("0.0000000001") * (number + 1),
                source="simulated",
            )
            for day in range(days)
            for number in range(each)
        ],
        received_at=NOON,
    )


def make_everything() -> Portfolio:
    """Ticks, bars and fills of two instruments, and the books that come of it."""
    portfolio = factories.make_portfolio()
    matcher = factories.leading_matcher()
    for symbol in ("AAPL", "MSFT"):
        instrument = factories.make_instrument(symbol)
        make_ticks(instrument)
        make_daily_bars(instrument, ["10.05", "11.00000001", "12"], first_at=FEBRUARY)
        factories.publish_quote(instrument)
        factories.place(portfolio, instrument, quantity="3")
    matcher.work()
    return portfolio


def ask(owner: User, dataset: str, *, at: datetime = LATER, **facts: Any) -> Export:
    """An export of the first days of March 2026, unless other days are named."""
    wanted: dict[str, Any] = {"start": date(2026, 2, 1), "end": date(2026, 3, 6)} | facts
    return request_export(owner=owner, wanted=NewExport(dataset=dataset, **wanted), requested_at=at)


def written(export: Export, *, at: datetime = LATER) -> Export:
    """What a worker makes of it."""
    write_export(export.id, clock=Clock(at))
    export.refresh_from_db()
    return export
