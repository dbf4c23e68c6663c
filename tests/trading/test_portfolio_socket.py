"""Who hears what about a portfolio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connections, transaction

from accounts.api_keys import issue_key
from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from tests.trading.factories import (
    NOON,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
)
from trading import broadcasts
from trading.broadcasts import Announcer
from trading.live.stream_events import read_stretch
from trading.models import Fill, Order
from trading.routing import websocket_urlpatterns

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.anyio,
    pytest.mark.usefixtures("own_horizon", "closed_connections"),
]

application = URLRouter(websocket_urlpatterns)


@asynccontextmanager
async def socket(
    portfolio_id: object, *, user: object = None, key: str | None = None
) -> AsyncIterator[tuple[bool, Any]]:
    headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
    communicator = WebsocketCommunicator(
        application, f"/ws/v1/portfolios/{portfolio_id}", headers=headers
    )
    communicator.scope["user"] = user or AnonymousUser()
    is_open, _ = await communicator.connect()
    try:
        yield is_open, communicator
    finally:
        await communicator.disconnect()


async def people() -> tuple[User, User, Portfolio]:
    alice = await sync_to_async(make_user)()
    charlie = await sync_to_async(make_user)("charlie@example.com")
    return alice, charlie, await sync_to_async(make_portfolio)(alice)


def key_of(owner: User, *, portfolio_ids: tuple[object, ...] = (), **fields: Any) -> str:
    _, text = issue_key(
        owner=owner,
        name="program",
        scopes=fields.get("scopes", ["read"]),
        portfolio_ids=portfolio_ids,  # type: ignore[arg-type]
        created_at=NOON,
    )
    return text


async def greeted(communicator: Any) -> int:
    """The point from which the socket tells."""
    hello = await communicator.receive_json_from(timeout=10)
    assert hello["type"] == "hello"
    return int(hello["seq"])


async def hear(communicator: Any, *, until: str) -> list[dict[str, Any]]:
    """Messages up to and with the first of that type."""
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["type"] != until:
        heard.append(await communicator.receive_json_from(timeout=10))
    return heard


# A matcher leads by its thread's connection, and those of other tests lead in theirs.
SHARDS = 17
SHARD = 16


def make_own_instrument() -> Instrument:
    """One of the shard that nobody else leads."""
    numbers = count()
    made = make_instrument(f"S{next(numbers)}")
    while made.id % SHARDS != SHARD:
        made = make_instrument(f"S{next(numbers)}")
    return made


def trade(portfolio: Portfolio, apple: Instrument) -> None:
    """Buy ten, filled at once; nobody rings for it."""
    publish_quote(apple)
    place(portfolio, apple)
    leading_matcher(shard=SHARD, shards=SHARDS).work()


def deposit(portfolio: Portfolio) -> None:
    record_activity(
        portfolio=portfolio,
        activity=ActivityDraft(kind=EntryKind.DEPOSIT, occurred_at=NOON, amount=Decimal(1)),
        recorded_at=NOON,
    )


def types(heard: list[dict[str, Any]]) -> set[str]:
    return {message["type"] for message in heard}


async def test_the_owner_hears_orders_fills_positions_and_cash() -> None:
    alice, _, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    async with socket(portfolio.id, user=alice) as (is_open, communicator):
        assert is_open
        await greeted(communicator)
        await sync_to_async(trade)(portfolio, apple)
        announcer = Announcer()
        announcer.announce([portfolio.id, uuid4()])
        heard = await hear(communicator, until="cash")
        await sync_to_async(announcer.close)()
    order, fill = await Order.objects.aget(), await Fill.objects.aget()
    assert types(heard) == {"order", "fill", "positions", "cash"}
    (told,) = [message for message in heard if message["type"] == "fill"]
    assert (told["order_id"], told["fill_id"]) == (str(order.id), str(fill.id))
    assert [message["seq"] for message in heard] == sorted(it["seq"] for it in heard)


async def test_a_worker_tells_of_settled_cash() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await sync_to_async(deposit)(portfolio)
        await sync_to_async(broadcasts.ring)([portfolio.id])
        assert types(await hear(communicator, until="cash")) == {"cash"}


async def test_what_is_booked_rings_by_itself() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await sync_to_async(deposit)(portfolio)
        assert types(await hear(communicator, until="cash")) == {"cash"}


async def test_nothing_is_told_twice_on_one_connection() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await sync_to_async(deposit)(portfolio)
        for _ in range(3):
            await sync_to_async(broadcasts.ring)([portfolio.id])
        await hear(communicator, until="cash")
        assert await communicator.receive_nothing(timeout=0.3)


async def test_what_nobody_rang_for_is_told_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trading.live.telling.LOOK_SECONDS", 0.05)
    monkeypatch.setattr(broadcasts, "ring_soon", lambda portfolio_ids: None)
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await sync_to_async(deposit)(portfolio)
        assert types(await hear(communicator, until="cash")) == {"cash"}


@pytest.mark.parametrize("near", [1_000_000, -1], ids=["near", "far"])
async def test_what_happened_during_a_break_is_told_after_it(
    near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading.live.stream_events.NEAR", near)
    alice, _, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
    await sync_to_async(trade)(portfolio, apple)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        assert await greeted(communicator) > seen
        await communicator.send_json_to({"since": seen})
        heard = await hear(communicator, until="replayed")
        assert types(heard) == {"replaying", "order", "fill", "positions", "cash", "replayed"}
    # From where the last one stopped nothing is left to tell.
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": heard[-1]["seq"]})
        assert types(await hear(communicator, until="replayed")) == {"replaying", "replayed"}


async def test_a_replay_that_could_not_be_read_comes_when_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
    await sync_to_async(deposit)(portfolio)
    failed = threading.Event()

    def read(*args: Any, **words: Any) -> Any:
        if words["since"] == seen and not failed.is_set():
            failed.set()
            raise OperationalError("The database is away.")
        return read_stretch(*args, **words)

    monkeypatch.setattr("trading.consumers.read_stretch", read)
    monkeypatch.setattr("trading.live.telling.LOOK_SECONDS", 0.05)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": seen})
        heard = await hear(communicator, until="replayed")
        assert failed.is_set()
        assert types(heard) == {"replaying", "cash", "replayed"}


async def test_a_transaction_that_commits_late_is_not_missed() -> None:
    """It began before what was told, and its number is lower."""
    alice, charlie, portfolio = await people()
    began, may_commit = threading.Event(), threading.Event()

    def deposit_slowly() -> None:
        try:
            with transaction.atomic():
                deposit(portfolio)
                began.set()
                assert may_commit.wait(30)
        finally:
            connections.close_all()

    other = await sync_to_async(make_portfolio)(charlie)
    slowly = threading.Thread(target=deposit_slowly)
    slowly.start()
    assert await asyncio.to_thread(began.wait, 30)
    await sync_to_async(deposit)(other)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
    may_commit.set()
    await asyncio.to_thread(slowly.join, 30)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": seen})
        heard = await hear(communicator, until="replayed")
        assert types(heard) == {"replaying", "cash", "replayed"}


async def test_too_much_or_too_far_is_read_anew(settings: Any) -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
    for _ in range(2):
        await sync_to_async(deposit)(portfolio)
    for allowed, expected in ((2, "replayed"), (1, "resync")):
        settings.LIMITS = replace(settings.LIMITS, stream_replay_events=allowed)
        async with socket(portfolio.id, user=alice) as (_, communicator):
            await greeted(communicator)
            await communicator.send_json_to({"since": seen})
            assert (await hear(communicator, until=expected))[-1]["seq"] > seen
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": 2**52})  # of no transaction yet
        await hear(communicator, until="resync")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param("not even JSON", "This was not JSON.", id="no JSON"),
        pytest.param("[]", 'Send {"since": seq}, and nothing else.', id="no object"),
        pytest.param('{"since": 5, "x": 1}', 'Send {"since": seq}, and nothing else.', id="more"),
        pytest.param('{"since": "5"}', """"since" was '5', must be""", id="a text"),
        pytest.param('{"since": true}', '"since" was True, must be', id="a truth"),
        pytest.param('{"since": -1}', '"since" was -1, must be', id="below zero"),
        pytest.param('{"since": 1.0}', '"since" was 1.0, must be', id="a fraction"),
        pytest.param(f'{{"since": 1{" " * 200}}}', "at most 200 characters", id="too long"),
    ],
)
async def test_what_is_no_point_to_go_on_from_is_answered(said: str, answer: str) -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
        await communicator.send_to(text_data=said)
        (error,) = await hear(communicator, until="error")
        assert error["code"] == "malformed"
        assert answer in error["message"]
        assert error["seq"] >= seen
        await communicator.send_json_to({"since": seen})  # still possible
        await hear(communicator, until="replayed")


async def test_a_connection_is_told_again_once() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
        await communicator.send_json_to({"since": seen})
        await hear(communicator, until="replayed")
        await communicator.send_json_to({"since": seen})
        assert (await hear(communicator, until="error"))[-1]["code"] == "since_repeated"
        assert await communicator.receive_nothing(timeout=0.3)


@pytest.mark.parametrize(
    ("limits", "code"),
    [({"socket_malformed_messages": 2}, 4400), ({"socket_message_burst": 2}, 4429)],
)
async def test_who_goes_on_talking_nonsense_is_let_go(
    settings: Any, limits: dict[str, int], code: int
) -> None:
    few = {"socket_messages_per_second": 0.001} | limits
    settings.LIMITS = replace(settings.LIMITS, **few)
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        for _ in range(3):
            await communicator.send_to(text_data="nonsense")
        answer = await communicator.receive_output(timeout=10)
        while answer["type"] != "websocket.close":
            answer = await communicator.receive_output(timeout=10)
        assert answer["code"] == code


async def test_a_stranger_an_anonymous_and_an_unknown_portfolio_are_refused() -> None:
    alice, charlie, portfolio = await people()
    for portfolio_id, user in ((portfolio.id, charlie), (portfolio.id, None), (uuid4(), alice)):
        async with socket(portfolio_id, user=user) as (is_open, _):
            assert not is_open


async def test_an_archived_portfolio_is_refused() -> None:
    alice, _, portfolio = await people()
    await Portfolio.objects.filter(id=portfolio.id).aupdate(archived_at=NOON)
    async with socket(portfolio.id, user=alice) as (is_open, _):
        assert not is_open


async def test_a_malformed_id_is_no_address() -> None:
    alice, _, _ = await people()
    with pytest.raises(ValueError, match="No route found"):
        async with socket("not-a-uuid", user=alice):
            pass


async def test_keys_reach_as_far_as_they_are_bound() -> None:
    alice, charlie, portfolio = await people()
    for owner, bound, expected in (
        (alice, (), True),
        (alice, (portfolio.id,), True),
        (alice, (uuid4(),), False),
        (charlie, (), False),
    ):
        key = await sync_to_async(key_of)(owner, portfolio_ids=bound)
        async with socket(portfolio.id, key=key) as (is_open, _):
            assert is_open == expected
