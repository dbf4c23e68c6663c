"""Sign-ins, passwords, tokens and second factors leave events, from where they were done."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)

from accounts.models import AuditEvent, User
from portfolio.demo.starting import create_demo_user
from tests.accounts.signing_in import PASSWORD, new_client, signed_in_client
from tests.factories import make_user
from tests.portfolio.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedded_desk")]

NEW_PASSWORD = "another-long-pass-phrase"


@pytest.fixture
def alice() -> User:
    return make_user()


def actions(user: User) -> list[str]:
    events = AuditEvent.objects.for_user(user).order_by("occurred_at", "id")
    return list(events.values_list("action", flat=True))


def test_signing_in_and_out(alice: User) -> None:
    client = signed_in_client(alice, is_confirmed=False)
    client.post("/accounts/logout/")
    assert actions(alice) == ["session.started", "session.ended"]
    event = AuditEvent.objects.get(action="session.started")
    assert (event.actor, event.via, event.address) == (alice, "page", "127.0.0.1")
    assert event.after == {"methods": ["password"]}


def test_a_wrong_password_is_his_matter_and_nobodys_deed(alice: User) -> None:
    new_client().post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    event = AuditEvent.objects.get()
    assert (event.action, event.owner, event.actor) == ("session.refused", alice, None)


def test_of_an_unknown_address_nothing_is_kept() -> None:
    new_client().post("/accounts/login/", {"login": "my-pass@word.de", "password": "x"})
    event = AuditEvent.objects.get()
    assert (event.action, event.owner_id, event.target_id) == ("session.refused", None, "")
    assert "my-pass" not in str(vars(event))


def test_signing_up() -> None:
    form = {"email": "dora@example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    new_client().post("/accounts/signup/", form)
    dora = User.objects.get()
    assert actions(dora)[:2] == ["user.created", "session.started"]


def test_a_new_password(alice: User) -> None:
    client = signed_in_client(alice)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post("/accounts/password/change/", form)
    assert "password.changed" in actions(alice)


# The library tells of a new factor after the commit, which other tests never reach.
@pytest.mark.django_db(transaction=True)
def test_recovery_codes_and_factors(alice: User) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    client = signed_in_client(alice)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    code = code_of(secret)
    done = client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert done.status_code == 302
    client.post("/accounts/2fa/recovery-codes/generate/")
    client.post("/accounts/2fa/totp/deactivate/")
    found = actions(alice)
    assert "second_factor.added" in found
    assert "recovery_codes.made" in found
    assert "second_factor.removed" in found
    assert secret not in str(list(AuditEvent.objects.values()))


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_programs_sign_in_and_out(alice: User) -> None:
    client = new_client()

    def post(path: str, **body: str) -> dict[str, str]:
        response = client.post(f"/api/v1{path}", body, content_type="application/json")
        found: dict[str, str] = response.json() if response.content else {}
        return found

    tokens = post("/auth/token", email=alice.email, password=PASSWORD)
    post("/auth/token/revoke", refresh_token=tokens["refresh_token"])
    post("/auth/token/revoke", refresh_token=tokens["refresh_token"])
    assert actions(alice) == ["token.issued", "token.revoked"]
    event = AuditEvent.objects.get(action="token.issued")
    assert (event.actor, event.via) == (alice, "api")


def test_a_demo(db: None) -> None:
    user = create_demo_user(created_at=NOON)
    assert {"demo.started", "watchlist.created", "portfolio.opened"} <= set(actions(user))
    assert {event.actor for event in AuditEvent.objects.filter(owner=user)} == {user}


def test_a_profile_is_changed_once(alice: User) -> None:
    client = signed_in_client(alice, is_confirmed=False)
    for _ in range(2):
        assert client.post("/settings", {"display_name": "Alice"}).status_code == 302
    event = AuditEvent.objects.get(action="user.changed")
    assert (event.before, event.after) == ({"display_name": ""}, {"display_name": "Alice"})
