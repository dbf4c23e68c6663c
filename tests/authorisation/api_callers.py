"""Everybody who might call the API, with what opens doors for him and what does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import api_keys
from accounts.api_keys import Scope
from accounts.models import User
from accounts.refresh_tokens import revoke, start_family
from accounts.tiers import Tier
from tests.api.clients import key_for
from tests.authorisation.person import Person
from tests.factories import make_portfolio

READ, TRADE, ADMIN = Scope.READ, Scope.TRADE, Scope.ADMIN


@dataclass(frozen=True)
class ApiCaller:
    """``scopes`` is None where the door stays shut, whatever is behind it."""

    name: str
    person: Person
    scopes: frozenset[Scope] | None
    key: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    is_elsewhere: bool = False  # the key is bound to a network that the caller is not in
    is_bound: bool = False  # the key is bound to another portfolio of the user's

    def client(self) -> Client:
        client = Client(raise_request_exception=False)
        client.cookies.load(self.cookies)
        return client

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def callers(standard: Person, premium: Person, admin: Person, demoted: Person) -> list[ApiCaller]:
    both, every = frozenset({READ, TRADE}), frozenset({READ, TRADE, ADMIN})
    owner, now = premium.user, timezone.now()
    token = start_family(owner=owner, started_at=now)
    ended = start_family(owner=owner, started_at=now)
    revoke(text=ended.refresh_token, revoked_at=now)
    spare = make_portfolio(owner, name="Another of hers")
    return [
        ApiCaller("anonymous", premium, None),
        ApiCaller("standard", standard, both, key_for(standard.user)),
        ApiCaller("premium", premium, both, key_for(owner)),
        ApiCaller("admin", admin, every, key_for(admin.user, scopes=sorted(every))),
        ApiCaller("access token", premium, both, token.access_token),
        ApiCaller("ended sign-in", premium, None, ended.access_token),
        ApiCaller("refresh token", premium, None, token.refresh_token),
        ApiCaller("revoked key", premium, None, revoked_key(owner)),
        ApiCaller("expired key", premium, None, expired_key(owner)),
        ApiCaller("mistyped key", premium, None, key_for(owner)[:-1] + "x"),
        ApiCaller("reads only", premium, frozenset({READ}), key_for(owner, scopes=["read"])),
        ApiCaller("trades only", premium, frozenset({TRADE}), key_for(owner, scopes=["trade"])),
        ApiCaller("demoted admin", demoted, both, demoted_key(demoted.user)),
        ApiCaller("deactivated", premium, None, deactivated_key()),
        ApiCaller("cookie only", premium, None, cookies=cookie_of(owner)),
        ApiCaller("other network", premium, both, network_key(owner), is_elsewhere=True),
        ApiCaller(
            "other portfolio",
            premium,
            both,
            key_for(owner, portfolio_ids=[spare.id]),
            is_bound=True,
        ),
    ]


def revoked_key(owner: User) -> str:
    now = timezone.now()
    key, text = api_keys.issue_key(owner=owner, name="x", scopes=[READ, TRADE], created_at=now)
    api_keys.revoke_key(key_id=key.id, owner=owner, revoked_at=now)
    return text


def expired_key(owner: User) -> str:
    now = timezone.now()
    day = timedelta(days=1)
    return key_for(owner, expires_at=now - day, created_at=now - 2 * day)


def network_key(owner: User) -> str:
    _, text = api_keys.issue_key(
        owner=owner,
        name="office",
        scopes=[READ, TRADE],
        networks=["10.9.0.0/16"],
        created_at=timezone.now(),
    )
    return text


def demoted_key(user: User) -> str:
    """A key made while its owner was an administrator."""
    user.tier = Tier.ADMIN
    user.save(update_fields=["tier"])
    text = key_for(user, scopes=[READ, TRADE, ADMIN])
    user.tier = Tier.STANDARD
    user.save(update_fields=["tier"])
    return text


def deactivated_key() -> str:
    user = User.objects.create_user("gone@example.com", tier="premium")
    text = key_for(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    return text


def cookie_of(user: User, **_: Any) -> dict[str, str]:
    """The cookie of a browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {name: client.cookies[name].value}
