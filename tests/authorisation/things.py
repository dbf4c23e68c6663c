"""One thing of each kind that an id can name, for each person who takes part.

A slot of a new kind needs a line in ``MAKERS`` here, and says so by failing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import User
from integrations.connections import own_connections, syncing
from integrations.connections.arming import ArmingTerms, arm_connection
from integrations.connections.own_connections import NewConnection
from integrations.exports import downloads, nights
from integrations.exports.requesting import NewExport, request_export
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Export, Notification, OutboxEvent, Webhook
from integrations.models.connections import Connection, SyncKind
from integrations.notifications.inbox import take_events
from integrations.webhooks import own_webhooks
from integrations.webhooks.own_webhooks import WebhookTerms
from market.alerts.kinds import AlertKind
from market.alerts.own_alerts import create_alert
from market.alerts.terms import AlertTerms, Condition
from market.models import CorporateAction, IngestionRun, Instrument, QuarantinedRow
from market.watchlists import add_symbols, create_watchlist
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.imports.previews import start_import
from portfolio.indices.own_indices import add_index
from portfolio.models import Lot, Portfolio, PortfolioKind, ShareLink
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.sharing.members import add_member
from portfolio.sharing.share_links import create_share_link
from tests.factories import make_daily_bars, make_instrument, make_portfolio, make_quote
from tests.trading.factories import give_units
from trading.models import Order
from trading.orders import OrderTicket, place_order
from trading.states import OrderType, Side, TimeInForce

SYMBOL: Final = "AAPL"


@dataclass(slots=True)
class Person:
    """Somebody with one thing of each kind. ``mark`` stands in whatever he named himself."""

    mark: str
    user: User
    portfolio: Portfolio
    values: dict[str, str] = field(default_factory=dict)  # kind → what an address holds


def make_person(mark: str, **facts: Any) -> Person:
    user = User.objects.create_user(
        f"{mark}@example.com", "a-long-password", display_name=f"{mark} himself", **facts
    )
    portfolio = make_portfolio(user, name=f"{mark} paper")
    person = Person(mark, user, portfolio)
    give_units(portfolio, Instrument.objects.get(symbol=SYMBOL), "20")
    for kind, make in MAKERS.items():
        person.values[kind] = make(person)
    return person


def make_market() -> None:
    """What everybody shares: two instruments with quotes and some history, and an acquaintance."""
    # With whom the document's example shares a portfolio.
    User.objects.create_user("partner@example.com", "a-long-password")
    for symbol in (SYMBOL, "MSFT"):
        instrument = make_instrument(symbol)
        first_at = timezone.now() - timedelta(days=5)
        make_daily_bars(instrument, [198, 199, 200], first_at=first_at)
    refresh_quotes()


def refresh_quotes() -> None:
    """Quotes of this moment, because an order meets no stale one."""
    for instrument in Instrument.objects.filter(symbol__in=[SYMBOL, "MSFT"]):
        make_quote(instrument, bid="199.99", ask="200.01", last="200", previous_close="198")


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


def watchlist_of(person: Person) -> str:
    now = timezone.now()
    made = create_watchlist(owner=person.user, name=f"{person.mark} list", created_at=now)
    add_symbols(watchlist=made, symbols=[SYMBOL], added_at=now)
    return str(made.id)


def api_key_of(person: Person) -> str:
    made, _ = issue_key(
        owner=person.user, name=f"{person.mark} key", scopes=["read"], created_at=timezone.now()
    )
    return str(made.id)


def make_quarantined_row() -> QuarantinedRow:
    run = IngestionRun.objects.create(provider="file", source_name="prices.csv")
    return QuarantinedRow.objects.create(run=run, line=2, code="spike", message="", raw={})


def price_import_of(person: Person) -> str:
    made = IngestionRun.objects.create(
        provider="files", source_name="prices.csv", requested_by_id=person.user.id
    )
    return str(made.id)


def alert_of(person: Person) -> str:
    made = create_alert(
        owner=person.user,
        instrument=Instrument.objects.get(symbol=SYMBOL),
        terms=AlertTerms(
            condition=Condition(
                kind=AlertKind.HOLDING_GAIN_PCT,
                threshold=Decimal(900),
                portfolio_id=person.portfolio.id,
            )
        ),
        created_at=timezone.now(),
    )
    return str(made.id)


def corporate_action_of(person: Person) -> str:
    made = CorporateAction.objects.create(
        instrument=Instrument.objects.get(symbol="MSFT"),
        kind="dividend",
        ex_date=date(2020, 1, 1) + timedelta(days=CorporateAction.objects.count()),
        amount_per_share=Decimal(1),
        currency="USD",
        source="manual",
    )
    return str(made.id)


def event_of(person: Person) -> OutboxEvent:
    api_key_of(person)
    return OutboxEvent.objects.filter(owner=person.user).latest("id")


def notification_of(person: Person) -> str:
    event = event_of(person)
    take_events([event], at=timezone.now())
    return str(Notification.objects.get(event_id=event.id).id)


def webhook_of(person: Person) -> Webhook:
    made, _ = own_webhooks.add_webhook(
        owner=person.user,
        terms=WebhookTerms(f"https://{person.mark}.example/hook"),
        added_at=timezone.now(),
    )
    return made


def connection_of(person: Person) -> Connection:
    """To a broker that nobody asks here."""
    terms = NewConnection(
        broker="alpaca",
        portfolio_id=UUID(tracked_of(person)),
        name=f"{person.mark} connection",
        credentials={"api_key": f"{person.mark}-key", "api_secret": f"{person.mark}-broker-word"},
    )
    return own_connections.add_connection(owner=person.user, terms=terms, added_at=timezone.now())


def armed_connection_of(person: Person) -> str:
    """As if its broker had let us in once."""
    made = connection_of(person)
    Connection.objects.filter(id=made.id).update(account_id=f"{person.mark}-account")
    terms = ArmingTerms(order_value_maximum=Decimal(1_000_000), orders_a_day=1_000)
    arm_connection(owner=person.user, connection_id=made.id, terms=terms, armed_at=timezone.now())
    return str(made.id)


def live_order_of(person: Person) -> str:
    """Nobody sends it here."""
    ticket = LiveTicket(
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(1),
        limit_price=Decimal(1),
        client_order_id=f"{person.mark}-live",
    )
    made = place_live_order(
        owner=person.user,
        connection_id=UUID(person.values["connection"]),
        ticket=ticket,
        placed_at=timezone.now(),
    )
    return str(made.id)


def sync_of(person: Person) -> str:
    made = syncing.request_sync(
        owner=person.user,
        connection_id=connection_of(person).id,
        kind=SyncKind.SYNC,
        requested_at=timezone.now(),
    )
    return str(made.id)


def export_of(person: Person) -> Export:
    """Of his books; nobody writes it here."""
    today = timezone.now().date()
    wanted = NewExport(
        dataset="fills",
        start=today - timedelta(days=1),
        end=today,
        portfolio_id=person.portfolio.id,
    )
    return request_export(owner=person.user, wanted=wanted, requested_at=timezone.now())


def nightly_export() -> Export:
    """The desk's own, the same for everybody."""
    nights.request_due_nights(at=timezone.now())
    found = Export.objects.nightly().order_by("id").first()
    assert found is not None
    return found


def delivery_of(person: Person) -> str:
    made = own_webhooks.send_test(
        owner=person.user, webhook_id=webhook_of(person).id, sent_at=timezone.now()
    )
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


def session_of(person: Person) -> str:
    made = UserSession.objects.create(
        user=person.user,
        ip="127.0.0.1",
        last_seen_at=timezone.now(),
        session_key=f"{person.mark}-session",
        user_agent=f"{person.mark} browser",
    )
    return str(made.pk)


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


MAKERS: Final[dict[str, Callable[[Person], str]]] = {
    "portfolio": lambda person: str(person.portfolio.id),
    "activity": activity_of,
    "tracked portfolio": tracked_of,
    "lot": lambda person: str(Lot.objects.get(portfolio_id=person.values["tracked portfolio"]).id),
    "order": lambda person: str(order_of(person).id),
    "client order id": lambda person: f"{person.mark}-order",
    "watchlist": watchlist_of,
    "api key": api_key_of,
    "price import": price_import_of,
    "quarantined row": lambda person: str(make_quarantined_row().id),
    "session": session_of,
    "file import": file_import_of,
    "corporate action": corporate_action_of,
    "alert": alert_of,
    "event": lambda person: str(event_of(person).id),
    "notification": notification_of,
    "webhook": lambda person: str(webhook_of(person).id),
    "delivery": delivery_of,
    "connection": armed_connection_of,
    "live order": live_order_of,
    "sync": sync_of,
    "export": lambda person: str(export_of(person).id),
    "nightly export": lambda person: str(nightly_export().id),
    "download token": lambda person: downloads.sign(Export.objects.get(id=person.values["export"])),
    "member": member_of,
    "share link": lambda person: str(share_link_of(person)[0].id),
    "share token": lambda person: share_link_of(person)[1],
    "index": index_of,
    "figure": lambda person: "twr",
    "instrument": lambda person: SYMBOL,
    "instrument of the master": lambda person: str(Instrument.objects.get(symbol=SYMBOL).public_id),
    "user": lambda person: str(person.user.id),
    "text": lambda person: f"{person.mark}-text",
    "activity type": lambda person: "FILL",
}
# What looks like such an id and never was one.
UNKNOWN: Final[dict[str, str]] = {
    "instrument": "NOPE",
    "figure": "nonsense",
    "client order id": "never-placed",
    "session": "999999999",
    "quarantined row": "999999999",
}


@cache
def unknown(kind: str) -> str:
    return UNKNOWN.get(kind) or str(uuid4())
