"""What is of a person's portfolios, and who else may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.imports.previews import start_import
from portfolio.indices.own_indices import add_index
from portfolio.models import PortfolioKind, ShareLink
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.sharing.members import add_member
from portfolio.sharing.share_links import create_share_link
from tests.authorisation.person import SYMBOL, Person
from trading.models import Order
from trading.orders import OrderTicket, place_order
from trading.states import OrderType, Side, TimeInForce


def order_of(person: Person) -> Order:
    return place_order(
        portfolio_id=person.portfolio.id,
        ticket=OrderTicket(
            instrument_id=Instrument.objects.get(symbol=SYMBOL).id,
            side=Side.BUY,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(1),
            notional=None,
            limit_price=Decimal(150),
            client_order_id=f"{person.mark}-order",
        ),
        placed_at=timezone.now(),
    )


def activity_of(person: Person) -> str:
    deposit = ActivityDraft(
        kind="deposit", occurred_at=timezone.now() - timedelta(hours=1), amount=Decimal(7)
    )
    entry = record_activity(
        portfolio=person.portfolio, activity=deposit, recorded_at=timezone.now()
    )
    return str(entry.id)


def tracked_of(person: Person) -> str:
    """A tracked portfolio with ten units bought at once: only there a sale names its lots."""
    now = timezone.now() - timedelta(days=1)
    made = open_portfolio(
        owner=person.user,
        name=f"{person.mark} tracked",
        kind=PortfolioKind.TRACKED,
        currency="USD",
        starting_cash=None,
        opened_at=now,
    )
    bought = ActivityDraft(
        kind=EntryKind.BUY,
        occurred_at=datetime(2026, 1, 5, 15, tzinfo=UTC),
        instrument=Instrument.objects.get(symbol=SYMBOL),
        quantity=Decimal(10),
        unit_price=Decimal(100),
        currency="USD",
    )
    record_activity(portfolio=made, activity=bought, recorded_at=now)
    return str(made.id)


def file_import_of(person: Person) -> str:
    made = start_import(
        portfolio=person.portfolio,
        content=f"Date,Type,Amount,Note\n2024-01-02,deposit,5,{person.mark} note\n".encode(),
        file_name=f"{person.mark} file.csv",
        profile="",
        created_by=person.user,
        created_at=timezone.now(),
    )
    return str(made.id)


def member_of(person: Person) -> str:
    friend = User.objects.create_user(f"friend-of-{person.mark}@example.com", "a-long-password")
    made = add_member(
        portfolio_id=person.portfolio.id,
        owner=person.user,
        email=friend.email,
        role="viewer",
        added_at=timezone.now(),
    )
    return str(made.id)


def share_link_of(person: Person) -> tuple[ShareLink, str]:
    return create_share_link(
        portfolio_id=person.portfolio.id,
        owner=person.user,
        label="Shared",
        expires_at=None,
        created_at=timezone.now(),
    )


def index_of(person: Person) -> str:
    made = add_index(
        owner=person.user,
        name=f"{person.mark} index",
        content=b"date,close\n2024-01-02,100\n",
        file_name="index.csv",
        added_at=timezone.now(),
    )
    return str(made.overview.index.id)
