"""A user with a tracked portfolio, and a broker on this machine that he connects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from integrations.brokers.rehearsing import Rehearsal, World, rehearsal_of, rehearsing
from integrations.connections import own_connections, syncing
from integrations.connections.own_connections import NewConnection
from integrations.models import Connection, Sync
from integrations.models.connections import SyncKind
from portfolio.models import LedgerBalance, Portfolio, PortfolioKind, Position
from portfolio.portfolios import open_portfolio
from trading.brokers import BrokerActivity, BrokerPosition

START = datetime(2026, 2, 2, 15, tzinfo=UTC)


def told(number: int, kind: str, **facts: object) -> BrokerActivity:
    """Something that happened on the number-th day."""
    at = START + timedelta(days=number)
    return BrokerActivity(f"{number:05}", kind, at, "USD", **facts)  # type: ignore[arg-type]


def small_history() -> list[BrokerActivity]:
    """A thousand in, ten of AAPL bought at 50, four sold at 60, and a dividend of 3.5."""
    return [
        told(0, "deposit", amount=Decimal(1000)),
        told(1, "buy", symbol="AAPL", quantity=Decimal(10), unit_price=Decimal(50)),
        told(2, "sell", symbol="AAPL", quantity=Decimal(4), unit_price=Decimal(60)),
        told(3, "dividend", symbol="AAPL", amount=Decimal("3.5")),
    ]


def small_world() -> World:
    position = BrokerPosition("AAPL", Decimal(6), currency="USD", unit_cost=Decimal(50))
    return World(cash=Decimal("743.5"), happenings=small_history(), positions=[position])


def tracked(owner: User, *, name: str = "Broker") -> Portfolio:
    return open_portfolio(
        owner=owner,
        name=name,
        kind=PortfolioKind.TRACKED,
        currency="USD",
        starting_cash=None,
        opened_at=timezone.now(),
    )


@dataclass
class Desk:
    """``settings.BROKER_URLS`` leads to ``vendor``."""

    owner: User
    portfolio: Portfolio
    vendor: Rehearsal
    broker: str

    def connect(self, **changes: object) -> Connection:
        facts: dict[str, object] = {
            "broker": self.broker,
            "portfolio_id": self.portfolio.id,
            "credentials": dict(self.vendor.credentials),
        }
        terms = NewConnection(**(facts | changes))  # type: ignore[arg-type]
        return own_connections.add_connection(
            owner=self.owner, terms=terms, added_at=timezone.now()
        )

    def sync(
        self,
        connection: Connection,
        *,
        kind: SyncKind = SyncKind.SYNC,
        clock: Callable[[], datetime] = timezone.now,
    ) -> Sync:
        asked = syncing.request_sync(
            owner=self.owner, connection_id=connection.id, kind=kind, requested_at=clock()
        )
        syncing.run_sync(asked.id, clock=clock)
        return Sync.objects.get(id=asked.id)


@contextmanager
def desk_with(owner: User, broker: str = "alpaca") -> Iterator[Desk]:
    with rehearsing(rehearsal_of(broker)(small_world())) as vendor:
        settings.BROKER_URLS = {broker: vendor.url}
        yield Desk(owner, tracked(owner), vendor, broker)


def units_of(portfolio: Portfolio) -> dict[str, Decimal]:
    rows = Position.objects.filter(portfolio=portfolio)
    return dict(rows.values_list("instrument__symbol", "quantity"))


def cash_of(portfolio: Portfolio) -> Decimal:
    return LedgerBalance.objects.get(portfolio=portfolio, instrument=None, currency="USD").total
