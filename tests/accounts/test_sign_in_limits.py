"""How often one may try: at each limit, and once more."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("embedded_desk")]

RESET = "/accounts/password/reset/"
REAUTHENTICATE = "/accounts/reauthenticate/"


@pytest.fixture
def alice() -> User:
    user = make_user("alice@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def client_at(address: str) -> Client:
    return Client(SERVER_NAME="localhost", REMOTE_ADDR=address)


def statuses(client: Client, path: str, form: dict[str, str], *, times: int) -> list[int]:
    return [client.post(path, form).status_code for _ in range(times)]


def test_wrong_passwords_of_one_address_are_stopped_at_five(alice: User) -> None:
    wrong = {"login": alice.email, "password": "wrong"}
    for number in range(5):
        assert b"not correct" in client_at(f"10.0.0.{number}").post(SIGN_IN, wrong).content
    right = {"login": alice.email, "password": PASSWORD}
    refused = client_at("10.0.0.9").post(SIGN_IN, right)
    assert b"Too many failed login attempts" in refused.content
    assert client_at("10.0.0.9").get("/home").status_code == 302


def test_four_wrong_passwords_do_no_harm(alice: User) -> None:
    statuses(new_client(), SIGN_IN, {"login": alice.email, "password": "wrong"}, times=4)
    assert signed_in_client(alice).get("/home").status_code == 200


def test_wrong_passwords_from_one_place_are_stopped_at_ten(alice: User) -> None:
    client = client_at("10.0.0.1")
    for number in range(10):
        form = {"login": f"user{number}@example.com", "password": "wrong"}
        assert b"not correct" in client.post(SIGN_IN, form).content
    form = {"login": "user10@example.com", "password": "wrong"}
    assert b"Too many failed" in client.post(SIGN_IN, form).content
    assert b"not correct" in client_at("10.0.0.2").post(SIGN_IN, form).content


def test_programs_and_pages_share_the_count(alice: User) -> None:
    body = {"email": alice.email, "password": "wrong"}
    client = new_client()
    for _ in range(3):
        answer = client.post("/api/v1/auth/token", body, content_type="application/json")
        assert answer.status_code == 401
    statuses(client, SIGN_IN, {"login": alice.email, "password": "wrong"}, times=2)
    right = {"email": alice.email, "password": PASSWORD}
    answer = client.post("/api/v1/auth/token", right, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert int(answer.headers["Retry-After"]) > 0


def test_signing_in_too_often_is_answered_with_a_page_of_ours(alice: User) -> None:
    form = {"login": "", "password": ""}
    client = client_at("10.0.0.1")
    assert set(statuses(client, SIGN_IN, form, times=30)) == {200}
    refused = client.post(SIGN_IN, form)
    assert refused.status_code == 429
    assert "That was too often" in refused.content.decode()
    assert not re.search(r"\sstyle=", refused.content.decode())
    assert client_at("10.0.0.2").post(SIGN_IN, form).status_code == 200


def test_sign_ups_from_one_place_are_stopped_at_twenty() -> None:
    form = {"email": "nonsense", "password1": "x", "password2": "x"}
    found = statuses(client_at("10.0.0.1"), "/accounts/signup/", form, times=21)
    assert found == [200] * 20 + [429]


def test_mail_to_one_address_is_stopped_at_five(alice: User) -> None:
    found = [
        client_at(f"10.0.0.{number}").post(RESET, {"email": alice.email}).status_code
        for number in range(6)
    ]
    assert found == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def test_asking_for_passwords_from_one_place_is_stopped_at_twenty() -> None:
    client = client_at("10.0.0.1")
    found = [
        client.post(RESET, {"email": f"user{number}@example.com"}).status_code
        for number in range(21)
    ]
    assert found == [302] * 20 + [429]


def test_links_are_tried_twenty_times_from_one_place() -> None:
    path = f"{RESET}key/abc-def-0123456789/"
    found = statuses(client_at("10.0.0.1"), path, {"password1": "x"}, times=21)
    assert found == [200] * 20 + [429]


def test_confirming_who_one_is_is_stopped_at_ten(alice: User) -> None:
    client = signed_in_client(alice, is_confirmed=False)
    found = statuses(client, REAUTHENTICATE, {"password": "wrong"}, times=11)
    assert found == [200] * 10 + [429]


def test_changing_a_password_is_stopped_at_five(alice: User) -> None:
    client = signed_in_client(alice)
    form = {"oldpassword": "wrong", "password1": "x", "password2": "x"}
    found = statuses(client, "/accounts/password/change/", form, times=6)
    assert found == [200] * 5 + [429]


def test_changing_addresses_is_stopped_at_ten(alice: User) -> None:
    client = signed_in_client(alice)
    form = {"email": "nonsense", "action_add": ""}
    found = statuses(client, "/accounts/email/", form, times=11)
    assert found == [200] * 10 + [429]


def test_a_confirming_mail_is_sent_once_in_three_minutes(alice: User, settings: Settings) -> None:
    client = signed_in_client(alice)
    client.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    again = client.post("/accounts/email/", {"email": "new@example.com", "action_send": ""})
    assert again.status_code in {302, 429}
    assert len(mail.outbox) == 1
