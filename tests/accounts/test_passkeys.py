"""Passkeys: added, used alone and after the password, refused to strangers, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client
from fido2.utils import websafe_encode

from accounts.models import AuditEvent, User
from tests.accounts.passkeys import SoftPasskey, new_key
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("embedded_desk"),
]

ADD = "/accounts/2fa/webauthn/add/"
ENTER = "/accounts/2fa/webauthn/login/"
CONFIRM = "/accounts/2fa/webauthn/reauthenticate/"
SECOND_STEP = "/accounts/2fa/authenticate/"


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


@pytest.fixture
def charlie() -> User:
    return make_user("charlie@example.com")


def wire(options: Any) -> dict[str, Any]:
    """What the browser would read."""
    read = json.loads(json.dumps(options, default=dict))
    assert isinstance(read, dict)
    return read


def post_new(client: Client, passkey: SoftPasskey, name: str = "Phone") -> HttpResponse:
    options = wire(client.get(ADD).context["js_data"]["creation_options"])
    credential = json.dumps(passkey.create(options))
    form = {"name": name, "passwordless": "on", "credential": credential}
    return client.post(ADD, form)  # type: ignore[return-value]


def add_passkey(user: User) -> SoftPasskey:
    passkey = SoftPasskey()
    assert post_new(signed_in_client(user), passkey).status_code == 302
    return passkey


def options_to_enter(client: Client) -> dict[str, Any]:
    answer = client.get(ENTER, headers={"accept": "application/json"}).json()
    return wire(answer["request_options"])


def enter(client: Client, credential: dict[str, Any]) -> HttpResponse:
    return client.post(ENTER, {"credential": json.dumps(credential)})  # type: ignore[return-value]


def is_in(client: Client) -> bool:
    return bool(client.get("/home").status_code == 200)


def test_a_passkey_opens_the_door_alone(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    response = enter(client, passkey.get(options_to_enter(client)))
    assert response.headers["Location"] == "/home"
    assert client.get("/home").context["user"] == alice
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None


def test_an_answer_works_once(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    answer = passkey.get(options_to_enter(client))
    enter(client, answer)
    client.post("/accounts/logout/")
    enter(client, answer)
    assert not is_in(client)
    other = new_client()
    options_to_enter(other)
    enter(other, answer)
    assert not is_in(other)


def test_another_key_opens_nothing(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    passkey.key = new_key()
    response = enter(client, passkey.get(options_to_enter(client)))
    assert response.headers["Location"] == SIGN_IN
    assert b"Incorrect code" in client.get(SIGN_IN).content
    assert not is_in(client)


def refusals() -> list[tuple[str, User | None, User | None]]:
    events = AuditEvent.objects.filter(action__endswith=".refused").order_by("id")
    return [(event.action, event.owner, event.actor) for event in events]


def test_a_refused_passkey_is_its_owners_matter(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    passkey.key = new_key()
    enter(client, passkey.get(options_to_enter(client)))
    assert refusals() == [("session.refused", alice, None)]
    assert AuditEvent.objects.get(action="session.refused").after == {"methods": ["passkey"]}


def test_a_refused_passkey_of_nobody_is_kept_too(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    passkey.user_handle = websafe_encode(b"nobody")
    enter(client, passkey.get(options_to_enter(client)))
    assert refusals() == [("session.refused", None, None)]


def test_a_refused_passkey_after_the_password_is_told_of(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    client.post(SIGN_IN, {"login": alice.email, "password": PASSWORD})
    options = wire(client.get(SECOND_STEP).context["js_data"]["request_options"])
    passkey.key = new_key()
    client.post(SECOND_STEP, {"credential": json.dumps(passkey.get(options))})
    assert refusals() == [("second_factor.refused", alice, None)]
    assert not is_in(client)


def test_a_refused_passkey_where_one_confirms_is_told_of(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    enter(client, passkey.get(options_to_enter(client)))
    options = wire(client.get(CONFIRM).context["js_data"]["request_options"])
    passkey.key = new_key()
    client.post(CONFIRM, {"credential": json.dumps(passkey.get(options))})
    assert [action for action, owner, _ in refusals() if owner == alice] == [
        "second_factor.refused"
    ]


def test_another_host_opens_nothing(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    passkey.host = "evil.localhost"
    enter(client, passkey.get(options_to_enter(client)))
    assert not is_in(client)


def test_nobody_enters_as_somebody_else(alice: User, charlie: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    passkey.user_handle = add_passkey(charlie).user_handle
    enter(client, passkey.get(options_to_enter(client)))
    assert not is_in(client)


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", '{"response": {}}', "null"])
def test_what_is_no_passkey_is_refused(text: str) -> None:
    client = new_client()
    options_to_enter(client)
    assert client.post(ENTER, {"credential": text}).headers["Location"] == SIGN_IN
    assert not is_in(client)


def test_a_passkey_can_follow_the_password(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    response = client.post(SIGN_IN, {"login": alice.email, "password": PASSWORD})
    assert response.headers["Location"] == SECOND_STEP
    options = wire(client.get(SECOND_STEP).context["js_data"]["request_options"])
    response = client.post(SECOND_STEP, {"credential": json.dumps(passkey.get(options))})
    assert response.headers["Location"] == "/home"
    assert is_in(client)


def test_a_passkey_confirms_who_acts(alice: User) -> None:
    passkey, client = add_passkey(alice), new_client()
    enter(client, passkey.get(options_to_enter(client)))
    assert client.get(ADD).status_code == 302
    options = wire(client.get(CONFIRM).context["js_data"]["request_options"])
    form = {"credential": json.dumps(passkey.get(options)), "next": ADD}
    assert client.post(CONFIRM, form).headers["Location"] == ADD
    assert client.get(ADD).status_code == 200


def test_the_first_passkey_brings_recovery_codes(alice: User) -> None:
    client = signed_in_client(alice)
    assert post_new(client, SoftPasskey()).headers["Location"] == "/accounts/2fa/recovery-codes/"
    assert post_new(client, SoftPasskey(), "Key").headers["Location"] == "/accounts/2fa/"
    assert Authenticator.objects.filter(type="webauthn").count() == 2


def test_a_stale_answer_adds_nothing(alice: User) -> None:
    client, passkey = signed_in_client(alice), SoftPasskey()
    stale = passkey.create(wire(client.get(ADD).context["js_data"]["creation_options"]))
    client.get(ADD)
    response = client.post(ADD, {"name": "Phone", "credential": json.dumps(stale)})
    assert b"Incorrect code" in response.content
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "credential",
    [
        {"id": "x", "rawId": "x", "response": "x", "type": "public-key"},
        {"id": "\0", "rawId": "\ud800", "response": {}, "type": "public-key"},
    ],
    ids=["not base64", "not text"],
)
def test_what_is_no_passkey_adds_nothing(alice: User, credential: dict[str, Any]) -> None:
    client = signed_in_client(alice)
    client.get(ADD)
    response = client.post(ADD, {"name": "Phone", "credential": json.dumps(credential)})
    assert b"Incorrect code" in response.content
    assert not Authenticator.objects.exists()


def test_a_name_too_long_is_cut_when_new_and_refused_later(alice: User) -> None:
    client = signed_in_client(alice)
    post_new(client, SoftPasskey(), "x" * 81)
    row = Authenticator.objects.get(type="webauthn")
    assert row.wrap().name == "x" * 80
    response = client.post(f"/accounts/2fa/webauthn/keys/{row.pk}/edit/", {"name": "y" * 81})
    assert b"field__errors" in response.content


def test_a_passkey_is_renamed_and_removed(alice: User) -> None:
    client = signed_in_client(alice)
    passkey = SoftPasskey()
    post_new(client, passkey)
    row = Authenticator.objects.get(type="webauthn")
    base = f"/accounts/2fa/webauthn/keys/{row.pk}"
    client.post(f"{base}/edit/", {"name": "Old phone", "next": "/accounts/2fa/"})
    assert b"Old phone" in client.get("/accounts/2fa/").content
    assert client.post(f"{base}/remove/").status_code == 302
    assert not Authenticator.objects.exists()
    stranger = new_client()
    enter(stranger, passkey.get(options_to_enter(stranger)))
    assert not is_in(stranger)


def test_nobody_touches_a_strangers_passkey(alice: User, charlie: User) -> None:
    add_passkey(alice)
    row = Authenticator.objects.get(type="webauthn")
    client = signed_in_client(charlie)
    for act in ("edit", "remove"):
        path = f"/accounts/2fa/webauthn/keys/{row.pk}/{act}/"
        assert client.get(path).status_code == 404
        assert client.post(path, {"name": "Mine"}).status_code == 404
    assert b"Phone" not in client.get("/accounts/2fa/").content
    row.refresh_from_db()
    assert row.wrap().name == "Phone"
