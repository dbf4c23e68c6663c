"""Codes of an authenticator app, and the recovery codes that stand in for it."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from cryptography.exceptions import InvalidTag
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.signing_in import PASSWORD, SIGN_IN, confirm, new_client, signed_in_client
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("embedded_desk"),
]

SECURITY = "/accounts/2fa/"
TURN_ON = "/accounts/2fa/totp/activate/"
TURN_OFF = "/accounts/2fa/totp/deactivate/"
SECOND_STEP = "/accounts/2fa/authenticate/"
CODES = "/accounts/2fa/recovery-codes/"


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The period that now is in; a test moves time by changing it."""
    period = [50_000_000]
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter(period))
    return period


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


def code_of(secret: str, counter: list[int]) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter[0])))


def turn_on(client: Client, counter: list[int]) -> str:
    """Turn the app on; return its secret."""
    secret = client.get(TURN_ON).context["form"].secret
    response = client.post(TURN_ON, {"code": code_of(secret, counter)})
    assert response.headers["Location"] == CODES
    return str(secret)


def give_password(user: User) -> Client:
    client = new_client()
    response = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    assert response.headers["Location"] == SECOND_STEP
    return client


def test_a_code_is_asked_for_after_the_password(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    client = give_password(alice)
    assert client.get("/home").status_code == 302
    response = client.post(SECOND_STEP, {"code": code_of(secret, counter)})
    assert response.headers["Location"] == "/home"
    assert client.get("/home").status_code == 200


def test_a_wrong_code_lets_nobody_in(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    client = give_password(alice)
    wrong = f"{(int(code_of(secret, counter)) + 1) % 1_000_000:06}"
    response = client.post(SECOND_STEP, {"code": wrong})
    assert b"Incorrect code" in response.content
    assert client.get("/home").status_code == 302


def test_a_code_works_once(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    code = code_of(secret, counter)
    assert give_password(alice).post(SECOND_STEP, {"code": code}).status_code == 302
    again = give_password(alice).post(SECOND_STEP, {"code": code})
    assert b"Incorrect code" in again.content


def test_a_code_of_the_former_period_is_late(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    late = code_of(secret, counter)
    counter[0] += 1
    assert b"Incorrect code" in give_password(alice).post(SECOND_STEP, {"code": late}).content


def test_guessing_codes_is_stopped(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    client = give_password(alice)
    for _ in range(5):
        client.post(SECOND_STEP, {"code": "nonsense"})
    response = client.post(SECOND_STEP, {"code": code_of(secret, counter)})
    assert b"Too many failed" in response.content
    assert client.get("/home").status_code == 302


def test_a_wrong_first_code_turns_nothing_on(alice: User, counter: list[int]) -> None:
    client = signed_in_client(alice)
    client.get(TURN_ON)
    assert b"Incorrect code" in client.post(TURN_ON, {"code": "000"}).content
    assert not Authenticator.objects.exists()


def test_recovery_codes_stand_in_once_each(alice: User, counter: list[int]) -> None:
    client = signed_in_client(alice)
    turn_on(client, counter)
    page = client.get(CODES)
    codes = page.context["unused_codes"]
    assert len(set(codes)) == 10
    assert "no-store" in page.headers["Cache-Control"]
    assert give_password(alice).post(SECOND_STEP, {"code": codes[0]}).status_code == 302
    again = give_password(alice).post(SECOND_STEP, {"code": codes[0]})
    assert b"Incorrect code" in again.content
    assert b"9 of 10 left" in client.get(SECURITY).content


def test_new_recovery_codes_end_the_old_ones(alice: User, counter: list[int]) -> None:
    client = signed_in_client(alice)
    turn_on(client, counter)
    old = client.get(CODES).context["unused_codes"]
    assert client.post(f"{CODES}generate/").status_code == 302
    new = client.get(CODES).context["unused_codes"]
    assert not set(old) & set(new)
    assert client.get(f"{CODES}download/").content.decode().split() == new
    assert b"Incorrect code" in give_password(alice).post(SECOND_STEP, {"code": old[0]}).content


def test_turning_it_off_leaves_the_password_alone(alice: User, counter: list[int]) -> None:
    client = signed_in_client(alice)
    turn_on(client, counter)
    assert client.post(TURN_OFF).status_code == 302
    assert not Authenticator.objects.exists()
    signed_in_client(alice)


@pytest.mark.parametrize("path", [TURN_ON, TURN_OFF, CODES, f"{CODES}generate/"])
def test_a_mere_session_must_confirm_first(alice: User, counter: list[int], path: str) -> None:
    turn_on(signed_in_client(alice), counter)
    thief = new_client()
    thief.force_login(alice)
    response = thief.get(path)
    assert response.status_code == 302
    assert "/reauthenticate/" in response.headers["Location"] or path == TURN_ON
    assert thief.post(TURN_OFF).status_code == 302
    assert Authenticator.objects.filter(type="totp").exists()


def test_a_wrong_password_confirms_nothing(alice: User) -> None:
    client = signed_in_client(alice, is_confirmed=False)
    response = client.post("/accounts/reauthenticate/", {"password": "wrong", "next": TURN_ON})
    assert response.status_code == 200
    assert client.get(TURN_ON).status_code == 302
    confirm(client)
    assert client.get(TURN_ON).status_code == 200


def test_the_owner_is_told_by_mail(alice: User, counter: list[int]) -> None:
    client = signed_in_client(alice)
    turn_on(client, counter)
    client.post(TURN_OFF)
    told = [(message.subject, message.to) for message in mail.outbox]
    assert told == [
        ("[Holdfast] Authenticator App Activated", [alice.email]),
        ("[Holdfast] Authenticator App Deactivated", [alice.email]),
    ]


def test_the_database_alone_makes_no_codes(
    alice: User, counter: list[int], settings: Settings
) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    row = Authenticator.objects.get(type="totp")
    assert secret not in str(row.data)
    assert row.wrap().validate_code(code_of(secret, counter))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    counter[0] += 1
    assert row.wrap().validate_code(code_of(secret, counter))
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidTag):
        row.wrap().validate_code("123456")


def test_an_unconfirmed_address_gets_no_second_factor(alice: User, settings: Settings) -> None:
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    client = signed_in_client(alice)
    EmailAddress.objects.update_or_create(
        user=alice, email=alice.email, defaults={"verified": False}
    )
    response = client.get(TURN_ON, follow=True)
    assert response.redirect_chain == [(SECURITY, 302)]
    assert b"verified your email address" in response.content


def test_a_stranger_is_sent_to_sign_in() -> None:
    client = new_client()
    for path in (SECURITY, TURN_ON, TURN_OFF, CODES, SECOND_STEP):
        assert "/accounts/login/" in client.get(path).headers["Location"]


def ask_for_tokens(client: Client, **fields: str) -> tuple[int, str]:
    body = {"email": "alice@example.com", "password": PASSWORD, **fields}
    answer = client.post("/api/v1/auth/token", body, content_type="application/json")
    return answer.status_code, answer.json().get("code", "")


def test_programs_need_the_code_too(alice: User, counter: list[int]) -> None:
    secret = turn_on(signed_in_client(alice), counter)
    counter[0] += 1
    client = new_client()
    assert ask_for_tokens(client) == (401, "second_factor_needed")
    assert ask_for_tokens(client, otp="000000") == (401, "sign_in_refused")
    code = code_of(secret, counter)
    assert ask_for_tokens(client, otp=code) == (200, "")
    assert ask_for_tokens(client, otp=code) == (401, "sign_in_refused")
