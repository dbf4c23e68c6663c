"""Losing access ends an open portfolio socket, whichever way access was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import auth, refresh_tokens
from accounts.api_keys import issue_key, revoke_key
from accounts.models import ApiKey, TokenFamily, User
from portfolio.models import Portfolio, PortfolioMember
from portfolio.sharing.members import add_member, remove_member
from tests.trading.factories import give_units, make_instrument, make_portfolio, make_user
from trading import broadcasts
from trading.live import open_sockets
from trading.routing import websocket_urlpatterns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.anyio]

application = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
SECONDS = 10


@pytest.fixture(autouse=True)
async def closed_connections(anyio_backend: str) -> AsyncIterator[None]:
    """Close what the event loop's thread opened, or the database could not be dropped."""
    auth.memory.forget()
    yield
    await sync_to_async(connections.close_all)()


@dataclass
class Person:
    """A user with a portfolio, and one way to open its socket."""

    user: User
    portfolio: Portfolio
    header: tuple[bytes, bytes]
    browser: Client | None = None
    refresh_token: str = ""


def with_key(user: User, portfolio: Portfolio) -> Person:
    text = issue_key(owner=user, name="k", scopes=["read"], created_at=timezone.now())[1]
    return Person(user, portfolio, (b"x-api-key", text.encode()))


def with_token(user: User, portfolio: Portfolio) -> Person:
    pair = refresh_tokens.start_family(owner=user, started_at=timezone.now())
    header = (b"authorization", f"Bearer {pair.access_token}".encode())
    return Person(user, portfolio, header, refresh_token=pair.refresh_token)


def with_browser(user: User, portfolio: Portfolio) -> Person:
    browser = Client()
    browser.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={browser.cookies[name].value}".encode()
    return Person(user, portfolio, (b"cookie", cookie), browser=browser)


def revoke(person: Person) -> None:
    key = ApiKey.objects.get()
    revoke_key(key_id=key.id, owner=person.user, revoked_at=timezone.now())


def expire(person: Person) -> None:
    now = timezone.now()
    ApiKey.objects.update(created_at=now - timedelta(days=1), expires_at=now)


def end_family(person: Person) -> None:
    refresh_tokens.revoke(text=person.refresh_token, revoked_at=timezone.now())
    assert TokenFamily.objects.get().revoked_at is not None


def change_password(person: Person) -> None:
    person.user.set_password("a new and better one")
    person.user.save()


def sign_out(person: Person) -> None:
    assert person.browser is not None
    person.browser.logout()


def deactivate(person: Person) -> None:
    User.objects.filter(id=person.user.id).update(is_active=False)


def archive(person: Person) -> None:
    Portfolio.objects.filter(id=person.portfolio.id).update(archived_at=timezone.now())


def hand_over(person: Person) -> None:
    Portfolio.objects.update(owner=make_user("charlie@example.com"))


def with_share(user: User, portfolio: Portfolio) -> Person:
    """A viewer of somebody else's portfolio."""
    guest = make_user("guest@example.com")
    add_member(
        portfolio_id=portfolio.id,
        owner=user,
        email=guest.email,
        role="viewer",
        added_at=timezone.now(),
    )
    return with_key(guest, portfolio)


def share_no_longer(person: Person) -> None:
    member = PortfolioMember.objects.get()
    remove_member(
        portfolio_id=person.portfolio.id,
        actor=person.portfolio.owner,
        member_id=member.id,
        removed_at=timezone.now(),
    )


def open_by(enter: Callable[[User, Portfolio], Person]) -> Person:
    user = make_user()
    return enter(user, make_portfolio(user))


async def closing_code(communicator: Any) -> int:
    message = await communicator.receive_output(timeout=SECONDS)
    assert message["type"] == "websocket.close", message
    assert message["reason"]
    code: int = message["code"]
    return code


@pytest.mark.parametrize(
    ("enter", "lose", "code"),
    [
        pytest.param(with_key, revoke, 4401, id="key revoked"),
        pytest.param(with_key, expire, 4401, id="key expired"),
        pytest.param(with_key, deactivate, 4401, id="user deactivated"),
        pytest.param(with_key, archive, 4404, id="portfolio archived"),
        pytest.param(with_key, hand_over, 4404, id="portfolio somebody else's"),
        pytest.param(with_share, share_no_longer, 4404, id="no longer shared"),
        pytest.param(with_token, end_family, 4401, id="program signed out"),
        pytest.param(with_token, change_password, 4401, id="password changed, program"),
        pytest.param(with_token, deactivate, 4401, id="user deactivated, program"),
        pytest.param(with_browser, sign_out, 4401, id="browser signed out"),
        pytest.param(with_browser, change_password, 4401, id="password changed, browser"),
        pytest.param(with_browser, deactivate, 4401, id="user deactivated, browser"),
        pytest.param(with_browser, archive, 4404, id="portfolio archived, browser"),
    ],
)
async def test_the_socket_ends_with_the_access(
    enter: Callable[[User, Portfolio], Person], lose: Callable[[Person], None], code: int
) -> None:
    person = await sync_to_async(open_by)(enter)
    communicator = WebsocketCommunicator(
        application, f"/ws/v1/portfolios/{person.portfolio.id}", headers=[person.header]
    )
    assert (await communicator.connect())[0]
    assert (await communicator.receive_json_from(timeout=SECONDS))["type"] == "hello"
    await sync_to_async(lose)(person)
    assert await closing_code(communicator) == code
    # Nothing is delivered any more, even before the client has gone.
    await sync_to_async(give_units)(person.portfolio, await sync_to_async(make_instrument)(), "1")
    await sync_to_async(broadcasts.ring)([person.portfolio.id])
    assert await communicator.receive_nothing()
    await communicator.disconnect()


async def test_others_keep_their_sockets() -> None:
    person = await sync_to_async(open_by)(with_key)
    other = await sync_to_async(with_token)(person.user, person.portfolio)
    path = f"/ws/v1/portfolios/{person.portfolio.id}"
    first = WebsocketCommunicator(application, path, headers=[person.header])
    second = WebsocketCommunicator(application, path, headers=[other.header])
    assert (await first.connect())[0]
    assert (await second.connect())[0]
    for communicator in (first, second):
        assert (await communicator.receive_json_from(timeout=SECONDS))["type"] == "hello"
    await sync_to_async(revoke)(person)
    assert await closing_code(first) == 4401
    await sync_to_async(give_units)(person.portfolio, await sync_to_async(make_instrument)(), "1")
    await sync_to_async(broadcasts.ring)([person.portfolio.id])
    assert (await second.receive_json_from(timeout=SECONDS))["type"] == "positions"
    for communicator in (first, second):
        await communicator.disconnect()


async def test_nobody_is_looked_for_when_nobody_is_there() -> None:
    person = await sync_to_async(open_by)(with_key)
    communicator = WebsocketCommunicator(
        application, f"/ws/v1/portfolios/{person.portfolio.id}", headers=[person.header]
    )
    assert (await communicator.connect())[0]
    assert open_sockets.open_sockets().is_looking
    await communicator.disconnect()
    assert not open_sockets.open_sockets().is_looking


def test_the_look_leaves_time_within_a_second() -> None:
    assert open_sockets.LOOK_SECONDS <= 0.5
