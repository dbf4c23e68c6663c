"""A person's connections to brokers, which nobody asks, and what goes through them."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from integrations.connections import own_connections, syncing
from integrations.connections.arming import ArmingTerms, arm_connection
from integrations.connections.own_connections import NewConnection
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.tickets import LiveTicket
from integrations.models.connections import Connection, SyncKind
from tests.authorisation.own_books import tracked_of
from tests.authorisation.person import SYMBOL, Person
from trading.states import OrderType, Side, TimeInForce


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
