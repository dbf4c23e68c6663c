"""What signing in and its settings change is kept with its event, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import OperationalError
from django.test import Client

from accounts import audit
from accounts.models import AuditEvent, User
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.accounts.test_sign_in_events import code_of
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("embedded_desk"),
]

NEW_PASSWORD = "another-long-pass-phrase"
NEW_PASSWORDS = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
SECRET = "JBSWY3DPEHPK3PXP"
TURN_ON = "/accounts/2fa/totp/activate/"

Refuse = Callable[[str], None]


@pytest.fixture
def alice() -> User:
    user = make_user()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Let events of an action be impossible to write from now on."""

    def begin(action: str) -> None:
        record = audit.record

        def record_or_fail(**facts: Any) -> None:
            if facts["action"] == action:
                raise OperationalError("the disk is full")
            record(**facts)

        monkeypatch.setattr(audit, "record", record_or_fail)

    return begin


def unshaken(client: Client) -> Client:
    """The client, which sees a crash as people do."""
    client.raise_request_exception = False
    return client


def test_no_sign_in_without_its_event(alice: User, refuse: Refuse) -> None:
    refuse("session.started")
    client = unshaken(new_client())
    answer = client.post(SIGN_IN, {"login": alice.email, "password": PASSWORD})
    assert answer.status_code == 500
    assert client.get("/home").status_code == 302
    assert not Session.objects.exists()
    alice.refresh_from_db()
    assert alice.last_login is None


def test_no_demo_session_without_its_event(refuse: Refuse) -> None:
    refuse("session.started")
    client = unshaken(new_client())
    assert client.post("/demo").status_code == 500
    assert not Session.objects.exists()


@pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
def test_no_sign_out_without_its_event(alice: User, refuse: Refuse, path: str) -> None:
    User.objects.filter(id=alice.id).update(is_staff=True)
    client = unshaken(signed_in_client(alice, is_confirmed=False))
    refuse("session.ended")
    assert client.post(path).status_code == 500
    assert client.get("/home").status_code == 200


def test_no_new_user_without_his_event(refuse: Refuse) -> None:
    refuse("user.created")
    client = unshaken(new_client())
    form = {"email": "dora@example.com", **NEW_PASSWORDS}
    assert client.post("/accounts/signup/", form).status_code == 500
    assert not User.objects.exists()
    assert not AuditEvent.objects.exists()


def test_no_new_password_without_its_event_nor_mail(alice: User, refuse: Refuse) -> None:
    client = unshaken(signed_in_client(alice))
    refuse("password.changed")
    form = {"oldpassword": PASSWORD, **NEW_PASSWORDS}
    assert client.post("/accounts/password/change/", form).status_code == 500
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert client.get("/home").status_code == 200
    assert not mail.outbox


def test_no_changed_address_without_its_event(alice: User, refuse: Refuse) -> None:
    client = unshaken(signed_in_client(alice))
    client.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    link = str(mail.outbox[-1].body).split("http://localhost")[1].split()[0]
    refuse("email.changed")
    assert client.post(link).status_code == 500
    alice.refresh_from_db()
    assert alice.email != "new@example.com"
    assert not EmailAddress.objects.filter(email="new@example.com", verified=True).exists()


def test_no_second_factor_without_its_event(alice: User, refuse: Refuse) -> None:
    client = unshaken(signed_in_client(alice))
    secret = client.get(TURN_ON).context["form"].secret
    refuse("second_factor.added")
    assert client.post(TURN_ON, {"code": code_of(secret)}).status_code == 500
    assert not Authenticator.objects.exists()
    assert not mail.outbox


def test_no_factor_goes_without_its_event(alice: User, refuse: Refuse) -> None:
    client = unshaken(signed_in_client(alice))
    secret = client.get(TURN_ON).context["form"].secret
    client.post(TURN_ON, {"code": code_of(secret)})
    refuse("second_factor.removed")
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 500
    assert Authenticator.objects.filter(type="totp").exists()


def test_mail_that_cannot_be_sent_undoes_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = unshaken(signed_in_client(alice))

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no room for mail")

    monkeypatch.setattr(mail.EmailMessage, "send", fail)
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORDS})
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)
    assert AuditEvent.objects.filter(action="password.changed").count() == 1


def test_wrong_codes_are_kept_on_pages_and_for_programs(alice: User) -> None:
    TOTP.activate(alice, SECRET)
    client = new_client()
    client.post(SIGN_IN, {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    body = {"email": alice.email, "password": PASSWORD, "otp": "000000"}
    answer = client.post("/api/v1/auth/token", body, content_type="application/json")
    assert answer.json()["code"] == "sign_in_refused"
    events = AuditEvent.objects.filter(action="second_factor.refused").order_by("id")
    assert [(event.owner, event.actor, event.via) for event in events] == [
        (alice, None, "page"),
        (alice, None, "api"),
    ]
