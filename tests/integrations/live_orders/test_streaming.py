"""Live orders in the stream of their portfolio, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import orjson
import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.db import connection, connections, transaction
from django.utils import timezone
from websockets.sync.client import ClientConnection, connect

from accounts.api_keys import issue_key
from accounts.models import User
from integrations.live_orders.cancelling import cancel_live_order
from integrations.live_orders.recording import locked_order, take_step
from integrations.live_orders.states import Event
from integrations.models import LiveOrder, LiveOrderEvent
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.sharing.members import add_member
from tests.factories import make_user
from tests.integrations.live_orders.desk import LiveOrderDesk
from tests.support.socket_server import SocketServer
from trading.live.stream_events import current_horizon, messages_of, read_stretch
from trading.routing import websocket_urlpatterns
from trading.states import OrderType

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS: Final = 20
LIMIT: Final[dict[str, Any]] = {"type": OrderType.LIMIT, "limit_price": Decimal(100)}


@pytest.fixture
def server() -> Iterator[SocketServer]:
    server = SocketServer(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    server.start()
    yield server
    server.stop()
    connections.close_all()


def listen(server: SocketServer, desk: LiveOrderDesk, *, as_user: User) -> ClientConnection:
    key = issue_key(owner=as_user, name="k", scopes=["read"], created_at=timezone.now())[1]
    return connect(
        server.url(f"/ws/v1/portfolios/{desk.connection.portfolio_id}"),
        additional_headers={"Authorization": f"Bearer {key}"},
    )


def hear(client: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = orjson.loads(client.recv(timeout=SECONDS))
    return frame


def hear_until(client: ClientConnection, **wanted: str) -> list[dict[str, Any]]:
    """Messages up to and with the first that has these."""
    heard = [hear(client)]
    while not wanted.items() <= heard[-1].items():
        heard.append(hear(client))
    return heard


def deposit(desk: LiveOrderDesk) -> None:
    record_activity(
        portfolio=desk.connection.portfolio,
        activity=ActivityDraft(
            kind=EntryKind.DEPOSIT, occurred_at=timezone.now(), amount=Decimal(1)
        ),
        recorded_at=timezone.now(),
    )


def live(order: LiveOrder) -> list[dict[str, str]]:
    """What the stream is to say of its steps, but for the numbers."""
    return [
        {"type": "live_order", "live_order_id": str(order.id), "id": f"live_order:{number}"}
        for number in order.events.order_by("id").values_list("id", flat=True)
    ]


def without_seq(messages: list[dict[str, Any]], *, known: set[str]) -> list[dict[str, str]]:
    """Of live orders, each event once, as a program that drops what it knows."""
    told = []
    for message in messages:
        if message["type"] == "live_order" and message["id"] not in known:
            known.add(message["id"])
            told.append({name: value for name, value in message.items() if name != "seq"})
    return told


def test_each_step_is_told_at_once_and_again_after_a_break(
    server: SocketServer, desk: LiveOrderDesk
) -> None:
    known: set[str] = set()
    with listen(server, desk, as_user=desk.owner) as client:
        seen = hear_until(client, type="hello")[-1]["seq"]
        order = desk.place(**LIMIT)
        # Nothing but the bell of the live order itself rings.
        heard = hear_until(client, type="live_order")
        desk.send(order)
        desk.fill(order, "1")
        desk.look(order)
        cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
        desk.look(order)
        last = LiveOrderEvent.objects.filter(order=order).latest("id")
        assert last.kind == Event.CANCELED
        heard += hear_until(client, id=f"live_order:{last.id}")
    assert without_seq(heard, known=known) == live(order)
    assert order.events.count() >= 6
    seqs = [message["seq"] for message in heard]
    assert seqs == sorted(seqs)
    with listen(server, desk, as_user=desk.owner) as client:
        hear_until(client, type="hello")
        client.send(orjson.dumps({"since": seen}).decode())
        hear_until(client, type="replaying")
        replayed = hear_until(client, type="replayed")
    assert without_seq(replayed, known=set()) == live(order)
    # What was told already is not needed for that: each event comes once in one replay.
    assert len([it for it in replayed if it["type"] == "live_order"]) == len(live(order))


def test_one_who_may_only_look_hears_of_the_books_and_of_no_live_order(
    server: SocketServer, desk: LiveOrderDesk
) -> None:
    guest = make_user("guest@example.com")
    add_member(
        portfolio_id=desk.connection.portfolio_id,
        owner=desk.owner,
        email=guest.email,
        role="viewer",
        added_at=timezone.now(),
    )
    with listen(server, desk, as_user=guest) as client:
        seen = hear_until(client, type="hello")[-1]["seq"]
        desk.sent(**LIMIT)
        deposit(desk)
        heard = hear_until(client, type="cash")
    with listen(server, desk, as_user=guest) as client:
        hear_until(client, type="hello")
        client.send(orjson.dumps({"since": seen}).decode())
        heard += hear_until(client, type="replayed")
    assert "live_order" not in {message["type"] for message in heard}


def told_since(desk: LiveOrderDesk, since: int, *, watcher: User | None) -> list[dict[str, Any]]:
    stretch = read_stretch(
        desk.connection.portfolio_id, since=since, watcher_id=watcher.id if watcher else None
    )
    return [it for it in messages_of(stretch, told=()) if it["type"] == "live_order"]


def test_another_portfolio_and_nobody_in_particular_hear_of_none(desk: LiveOrderDesk) -> None:
    since = current_horizon()
    order = desk.sent(**LIMIT)
    assert without_seq(told_since(desk, since, watcher=desk.owner), known=set()) == live(order)
    assert told_since(desk, since, watcher=None) == []
    assert told_since(desk, since, watcher=make_user("bob@example.com")) == []


def test_steps_are_told_in_their_order_however_their_transactions_began(
    desk: LiveOrderDesk,
) -> None:
    since = current_horizon()
    order = desk.place(**LIMIT)
    has_begun, may_go_on = threading.Event(), threading.Event()

    def cancel_late() -> None:
        """As a request whose transaction has written its key before it comes to the order."""
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_current_xact_id()")
                has_begun.set()
                assert may_go_on.wait(SECONDS)
                cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
        finally:
            connections.close_all()

    thread = threading.Thread(target=cancel_late)
    thread.start()
    assert has_begun.wait(SECONDS)
    with transaction.atomic():
        take_step(locked_order(order.id), Event.SENDING, at=timezone.now())
    may_go_on.set()
    thread.join(SECONDS)
    told = told_since(desk, since, watcher=desk.owner)
    assert [kind for kind, _ in desk.events(order)] == ["recorded", "sending", "cancel_asked"]
    assert without_seq(told, known=set()) == live(order)


def test_a_step_that_is_taken_back_is_not_told(desk: LiveOrderDesk) -> None:
    since = current_horizon()
    order = desk.place(**LIMIT)
    with transaction.atomic():
        take_step(locked_order(order.id), Event.SENDING, at=timezone.now())
        transaction.set_rollback(True)
    assert without_seq(told_since(desk, since, watcher=desk.owner), known=set()) == live(order)
    assert order.events.count() == 1
