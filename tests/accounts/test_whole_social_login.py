"""What coming back from a provider writes is kept with its event, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.contrib.sessions.models import Session
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEvent, User
from tests.accounts.signing_in import new_client, signed_in_client
from tests.accounts.test_whole_requests import Refuse, refuse, unshaken
from tests.factories import make_user
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("embedded_desk", "provider"),
]
__all__ = ("refuse",)

BUTTON = "/accounts/oidc/oidc/login/"
CONNECTIONS = "/accounts/3rdparty/"


@pytest.fixture
def provider(settings: Settings) -> Iterator[IdentityProvider]:
    """A provider that the desk lets people in by, and who it says they are."""
    registry.load()
    registry.register(OpenIDConnectProvider)
    person = {"sub": "person-1", "email": "alice@example.com", "email_verified": True}
    with IdentityProvider(person=person) as provider:
        application = {
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "provider_id": "oidc",
            "name": "Keyring",
            "settings": {"server_url": provider.url},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [application], "OAUTH_PKCE_ENABLED": True}
        }
        settings.ROOT_URLCONF = "tests.support.social_urls"
        yield provider
    del registry.provider_map[OpenIDConnectProvider.id]


def come_back(client: Client, *, process: str = "login") -> HttpResponse:
    page = client.post(f"{BUTTON}?process={process}").content.decode()
    found = re.search(r'content="0;url=([^"]+)"', page)
    assert found is not None
    back = httpx.get(found[1].replace("&amp;", "&")).headers["Location"]
    return client.get(back.removeprefix("http://localhost"))  # type: ignore[return-value]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("occurred_at", "id").values_list("action", flat=True))


def test_who_is_new_is_kept_with_his_events() -> None:
    client = new_client()
    assert come_back(client).headers["Location"] == "/home"
    assert client.get("/home").status_code == 200
    assert sorted(actions()) == ["session.started", "user.created"]


@pytest.mark.parametrize("action", ["user.created", "session.started"])
def test_nobody_new_without_his_events(refuse: Refuse, action: str) -> None:
    refuse(action)
    client = unshaken(new_client())
    assert come_back(client).status_code == 500
    assert client.get("/home").status_code == 302
    for rows in (User, EmailAddress, SocialAccount, AuditEvent):
        assert not rows.objects.exists()
    assert not any("_auth_user_id" in row.get_decoded() for row in Session.objects.all())


def test_no_sign_in_again_without_its_event(refuse: Refuse) -> None:
    come_back(new_client())
    refuse("session.started")
    client = unshaken(new_client())
    assert come_back(client).status_code == 500
    assert client.get("/home").status_code == 302


def test_connecting_and_disconnecting_are_told_of() -> None:
    alice = make_user("alice@example.com")
    client = signed_in_client(alice)
    assert come_back(client, process="connect").headers["Location"] == CONNECTIONS
    account = SocialAccount.objects.get()
    assert client.post(CONNECTIONS, {"account": account.pk}).status_code == 302
    events = AuditEvent.objects.filter(action__startswith="provider.").order_by("id")
    assert [(one.action, one.owner, one.actor, one.before, one.after) for one in events] == [
        ("provider.connected", alice, alice, None, {"provider": "oidc"}),
        ("provider.disconnected", alice, alice, {"provider": "oidc"}, None),
    ]


def test_nothing_is_connected_without_its_event(refuse: Refuse) -> None:
    client = unshaken(signed_in_client(make_user("alice@example.com")))
    refuse("provider.connected")
    assert come_back(client, process="connect").status_code == 500
    assert not SocialAccount.objects.exists()
    assert not mail.outbox


def test_nothing_is_disconnected_without_its_event(refuse: Refuse) -> None:
    client = unshaken(signed_in_client(make_user("alice@example.com")))
    come_back(client, process="connect")
    refuse("provider.disconnected")
    form: dict[str, Any] = {"account": SocialAccount.objects.get().pk}
    assert client.post(CONNECTIONS, form).status_code == 500
    assert SocialAccount.objects.exists()
