"""Every socket × every kind of caller × each id swapped, over the routes that are served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.testing import WebsocketCommunicator
from django.db import connections

from accounts.api_keys import Scope
from config.access.slots import SLOTS
from config.access.sockets import SocketRoute, socket_routes
from config.routing import websocket_application
from market.live.hub_runner import stop_hub
from tests.authorisation.api_callers import ApiCaller, callers
from tests.authorisation.conftest import make_people
from tests.authorisation.fingerprints import fingerprint
from tests.authorisation.outcomes import Outcome, Tally
from tests.authorisation.person import Person
from tests.authorisation.test_pages_matrix import PARAMETER
from tests.authorisation.things import unknown

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

application = AuthMiddlewareStack(websocket_application)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
async def closed_connections(anyio_backend: str) -> AsyncIterator[None]:
    """Close what the event loop's thread opened, or the database could not be dropped."""
    yield
    await stop_hub()
    await sync_to_async(connections.close_all)()


def owners_of(route: SocketRoute) -> Iterator[tuple[str, str]]:
    """Each slot with whose id is put there; no slot where all are one's own."""
    yield "", "own"
    for name in route.parameters:
        if SLOTS[name].reach.is_private:
            yield name, "stranger"
        yield name, "nobody"


def address(route: SocketRoute, person: Person, victim: Person, slot: str, owner: str) -> str:
    def value(name: str) -> str:
        kind = SLOTS[name].kind
        if name != slot:
            return person.values[kind]
        return unknown(kind) if owner == "nobody" else victim.values[kind]

    return "/" + PARAMETER.sub(lambda found: value(found[1]), route.route)


def is_asking(route: SocketRoute) -> bool:
    return route.policy is not None and route.policy.asks_inside


def may_open(route: SocketRoute, caller: ApiCaller, owner: str) -> bool:
    if route.policy is not None and route.policy.asks_inside:
        # By a message that no cookie is in; and the account is what the key is bound to.
        return is_told(caller, route.policy.scope)
    # A browser opens sockets by its session, which the API does not take.
    scopes = frozenset({Scope.READ}) if caller.cookies else caller.scopes
    is_reached = not caller.is_bound or not any(SLOTS[it].is_bound for it in route.parameters)
    return (
        route.policy is not None
        and route.policy.scope is not None
        and scopes is not None
        and route.policy.scope in scopes
        and not caller.is_elsewhere
        and owner == "own"
        and is_reached
    )


def is_told(caller: ApiCaller, scope: Scope | None) -> bool:
    return scope in (caller.scopes or ()) and caller.is_bound and not caller.is_elsewhere


async def opens(path: str, caller: ApiCaller, *, asks_inside: bool) -> bool:
    cookie: SimpleCookie = SimpleCookie(caller.cookies)
    headers = [(name.lower().encode(), text.encode()) for name, text in caller.headers().items()]
    if caller.cookies:
        headers.append((b"cookie", cookie.output(header="", sep=";").strip().encode()))
    communicator: Any = WebsocketCommunicator(application, path, headers=headers)
    communicator.scope["client"] = ["127.0.0.1", 50_000]
    is_open, _ = await communicator.connect(timeout=10)
    if asks_inside:
        assert is_open, f"{path} asks inside, and refuses the handshake"
        is_open = await is_let_in(communicator, caller.key)
    await communicator.disconnect()
    return bool(is_open)


async def is_let_in(communicator: Any, key: str) -> bool:
    """Whether the first message opens the second door."""
    await communicator.send_json_to({"action": "auth", "key": key, "secret": key})
    while b"connected" in (answer := await frame(communicator)):
        pass
    return b"authenticated" in answer or b'"authorized"' in answer


async def frame(communicator: Any) -> bytes:
    message = await communicator.receive_output(timeout=10)
    text = message.get("text") or ""
    return message.get("bytes") or text.encode()


async def test_nobody_opens_a_socket_that_is_not_declared_for_him() -> None:
    people = await sync_to_async(make_people)()
    everybody = await sync_to_async(callers)(
        people.standard, people.premium, people.admin, people.demoted
    )
    before = await sync_to_async(fingerprint)(people.victim.user)
    tally = Tally()
    for route in socket_routes(websocket_application):
        for caller in everybody:
            for slot, owner in owners_of(route):
                path = address(route, caller.person, people.victim, slot, owner)
                wanted = Outcome.ALLOWED if may_open(route, caller, owner) else Outcome.FORBIDDEN
                is_open = await opens(path, caller, asks_inside=is_asking(route))
                found = Outcome.ALLOWED if is_open else Outcome.FORBIDDEN
                what = f"/{route.route} as {caller.name}, {owner} {slot}".strip()
                tally.compare(what, expected=wanted, found=found, detail=path)
    after = await sync_to_async(fingerprint)(people.victim.user)
    tally.insist("all of it", after == before, "the stranger's rows changed")
    assert sum(tally.outcomes.values()) > 50
    tally.report("Sockets")
