"""Two providers that answer as told, and the runs that ask them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.conf import LazySettings

from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.intake.collection import collect, request_run
from market.models import Bar, IngestionRun, Instrument
from market.tasks import collect_prices

NOW = datetime(2026, 1, 5, 15, 0, 30, tzinfo=UTC)  # New York has been open for half an hour
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


class FakeProvider:
    """Has a minute of price 10 for each of the session; fails as told."""

    name = "first"
    failures: ClassVar[list[Exception]] = []
    asked: ClassVar[list[tuple[str, datetime]]] = []
    changes: ClassVar[dict[datetime, dict[str, Decimal]]] = {}
    absent: ClassVar[set[datetime]] = set()
    page_minutes: ClassVar[int] = 10
    fail_after_pages: ClassVar[int | None] = None
    meanwhile: ClassVar[Callable[[], object] | None] = None  # done where it would fail
    refused: ClassVar[set[str]] = set()  # symbols it does not know

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        self.asked.append((instrument.symbol, since))
        if self.failures:
            raise self.failures.pop(0)
        if instrument.symbol in self.refused:
            raise BadAnswer(f"{self.name} does not know {instrument.symbol}")
        minute, pages, page = max(since, OPEN), 0, []
        while minute < until:
            if minute not in self.absent:
                names = ("open", "high", "low", "close", "volume")
                values: dict[str, Any] = dict.fromkeys(names, Decimal(10))
                page.append(ProvidedBar(minute, **(values | self.changes.get(minute, {}))))
            minute += timedelta(minutes=1)
            if len(page) == self.page_minutes or minute >= until:
                if pages == FakeProvider.fail_after_pages:
                    if FakeProvider.meanwhile is None:
                        raise KeyboardInterrupt
                    FakeProvider.meanwhile()
                yield page
                pages, page = pages + 1, []


class SecondProvider(FakeProvider):
    name = "second"
    failures: ClassVar[list[Exception]] = []
    refused: ClassVar[set[str]] = set()


def use_fake_providers(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Chain the two, as new; return what the worker will be told to do."""
    settings.PRICE_PROVIDERS = {
        "first": f"{__name__}.FakeProvider",
        "second": f"{__name__}.SecondProvider",
    }
    settings.PRICE_CHAINS = {"*": ["first", "second"]}
    for provider in (FakeProvider, SecondProvider):
        provider.failures = []
        provider.refused = set()
    FakeProvider.asked = []
    FakeProvider.changes = {}
    FakeProvider.absent = set()
    FakeProvider.fail_after_pages = None
    FakeProvider.meanwhile = None
    told: list[str] = []
    monkeypatch.setattr(collect_prices, "delay", lambda *, run_id: told.append(run_id))
    return told


def run_at(at: datetime = NOW) -> IngestionRun:
    run = request_run("first", requested_by_id=None, requested_at=at)
    return collect(run.id, clock=lambda: at)


def minutes() -> int:
    return Bar.objects.filter(interval="1m").count()
