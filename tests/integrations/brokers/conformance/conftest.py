"""Every adapter of the catalogue, beside its vendor on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.brokers.adapters import Adapter, catalogue
from integrations.brokers.rehearsing import Rehearsal, Told, World, rehearsal_of, rehearsing
from tests.integrations.brokers.conformance.recordings import NOW, Waits, signed_in
from trading.brokers import BrokerActivity, BrokerPosition, BrokerSession

START = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)


def happening(number: int, kind: str = "buy") -> BrokerActivity:
    is_trade = kind in {"buy", "sell"}
    return BrokerActivity(
        f"{number:06}",
        kind,
        START + timedelta(minutes=number),
        "USD",
        "AAPL" if is_trade or kind == "dividend" else "",
        quantity=Decimal(2) if is_trade else None,
        unit_price=Decimal("100.25") if is_trade else None,
        amount=None if is_trade else Decimal("12.5"),
    )


def history(count: int) -> list[BrokerActivity]:
    return [happening(number) for number in range(count)]


@dataclass
class Stage:
    """An adapter signed in to its rehearsal."""

    adapter: Adapter
    vendor: Rehearsal
    waits: Waits = field(default_factory=Waits)

    def session(self, **more: object) -> BrokerSession:
        return signed_in(self.adapter, self.vendor.url, waits=self.waits, **more)  # type: ignore[arg-type]

    def read(self, since: datetime | None = None) -> list[BrokerActivity]:
        return [one for page in self.session().activities(since=since) for one in page.activities]

    def pages_asked(self) -> int:
        return len(self.vendor.asked)


@pytest.fixture(params=sorted(catalogue()))
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return catalogue()[request.param]


@pytest.fixture
def stage(adapter: Adapter) -> Iterator[Stage]:
    position = BrokerPosition("AAPL", Decimal(7), currency="USD", unit_cost=Decimal("100.25"))
    world = World(happenings=history(5), positions=[position])
    with rehearsing(rehearsal_of(adapter.name)(world)) as vendor:
        vendor.clock = NOW.timestamp
        yield Stage(adapter, vendor)


def once(told: Told) -> object:
    """A fault that happens one time."""
    left = [told]
    return lambda asked, answer: left.pop() if left else None
