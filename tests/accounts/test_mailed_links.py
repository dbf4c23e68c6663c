"""Whole ways by mail: confirming an address, setting a forgotten password, changing an address."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import mail_files
from accounts.models import User
from config.limits import LIMITS
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.factories import make_user

# Mail waits for the commit, which other tests never reach.
pytestmark = pytest.mark.django_db(transaction=True)

RESET = "/accounts/password/reset/"
ADDRESS = "/accounts/email/"
NEW_PASSWORD = "another-long-pass-phrase"


@pytest.fixture(autouse=True)
def desk(settings: Settings) -> None:
    """As servers run: addresses are confirmed before anything else."""
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.fixture
def alice() -> User:
    user = make_user("alice@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def mailed_link(message: mail.EmailMessage) -> str:
    """The path of the one link in a message."""
    (path,) = re.findall(r"https?://localhost(/accounts/\S+)", str(message.body))
    return str(path)


def shown(response: Any) -> str:
    """The page without what differs each time: nonce, token, the visitor's own address."""
    return re.sub(r'nonce="[^"]+"|x-csrftoken": "\w*"|value="\w{64}"|\w+@\S+', "", words(response))


def last_mail() -> mail.EmailMessage:
    return mail.outbox[-1]


def words(response: Any) -> str:
    return str(response.content.decode())


def sign_up(client: Client, email: str = "dora@example.com") -> Any:
    form = {"email": email, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return client.post("/accounts/signup/", form, follow=True)


def ask_for_password(email: str = "alice@example.com") -> str:
    new_client().post(RESET, {"email": email})
    return mailed_link(last_mail())


def set_password(link: str) -> Any:
    client = new_client()
    page = client.get(link, follow=True)
    if "no longer works" in words(page):
        return page
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return client.post(page.context["action_url"], form, follow=True)


def may_enter(email: str, password: str) -> bool:
    response = new_client().post(SIGN_IN, {"login": email, "password": password})
    return response.headers.get("Location") == "/home"


def test_a_new_address_is_confirmed_before_the_door_opens() -> None:
    client = new_client()
    assert "Confirm your address" in words(sign_up(client))
    assert client.get("/home").status_code == 302
    assert not may_enter("dora@example.com", NEW_PASSWORD)
    link = mailed_link(mail.outbox[0])
    assert "Is <strong" in words(new_client().get(link))
    assert new_client().post(link).status_code == 302
    assert may_enter("dora@example.com", NEW_PASSWORD)


def test_signing_up_with_a_taken_address_looks_the_same(alice: User) -> None:
    free, taken = sign_up(new_client()), sign_up(new_client(), alice.email)
    assert free.redirect_chain == taken.redirect_chain
    assert shown(free) == shown(taken)
    assert last_mail().subject == "[Holdfast] You have an account already"
    assert last_mail().to == [alice.email]
    assert may_enter(alice.email, PASSWORD)


def test_a_confirming_link_in_the_wrong_shape_is_explained() -> None:
    assert "no longer works" in words(new_client().get("/accounts/confirm-email/MQ:abc:def/"))
    assert new_client().post("/accounts/confirm-email/MQ:abc:def/").status_code == 404


def test_a_confirming_link_ends_after_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(new_client())
    link = mailed_link(mail.outbox[0])
    sent_at, days = time.time(), LIMITS.address_link_days * 24 * 3600
    monkeypatch.setattr("django.core.signing.time.time", lambda: sent_at + days - 5)
    assert "Is <strong" in words(new_client().get(link))
    monkeypatch.setattr("django.core.signing.time.time", lambda: sent_at + days + 5)
    assert "no longer works" in words(new_client().get(link))


def test_a_forgotten_password_is_set_anew(alice: User) -> None:
    device = signed_in_client(alice)
    response = set_password(ask_for_password())
    assert "Your new password is set" in words(response)
    assert may_enter(alice.email, NEW_PASSWORD)
    assert not may_enter(alice.email, PASSWORD)
    assert device.get("/home").status_code == 302
    assert last_mail().subject == "[Holdfast] Password set anew"


def test_a_link_sets_a_password_once(alice: User) -> None:
    link = ask_for_password()
    set_password(link)
    assert "no longer works" in words(set_password(link))


@pytest.mark.parametrize("spoil", [lambda link: link[:-3] + "/", lambda link: link + "x/"])
def test_a_spoilt_link_sets_none(alice: User, spoil: object) -> None:
    link = ask_for_password()
    assert "no longer works" in words(set_password(spoil(link)))  # type: ignore[operator]
    assert may_enter(alice.email, PASSWORD)


def test_a_link_ends_after_an_hour(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    link, seconds = ask_for_password(), LIMITS.password_link_seconds
    asked_at = datetime.now()  # noqa: DTZ005 - as Django's generator counts

    def pass_time(by: int) -> None:
        now = asked_at + timedelta(seconds=by)
        monkeypatch.setattr(EmailAwarePasswordResetTokenGenerator, "_now", lambda _: now)

    pass_time(seconds + 2)
    assert "no longer works" in words(set_password(link))
    pass_time(seconds - 2)
    assert "Your new password is set" in words(set_password(link))


def test_a_link_ends_with_the_address_it_went_to(alice: User) -> None:
    link = ask_for_password()
    EmailAddress.objects.filter(user=alice).update(email="new@example.com")
    User.objects.filter(id=alice.id).update(email="new@example.com")
    assert "no longer works" in words(set_password(link))


def test_an_unknown_address_is_answered_alike(alice: User) -> None:
    known = new_client().post(RESET, {"email": alice.email}, follow=True)
    unknown = new_client().post(RESET, {"email": "nobody@example.com"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert shown(known) == shown(unknown)
    assert [message.subject for message in mail.outbox] == [
        "[Holdfast] Set a new password",
        "[Holdfast] There is no account with this address",
    ]


def test_a_closed_account_gets_no_link(alice: User) -> None:
    User.objects.filter(id=alice.id).update(is_active=False)
    new_client().post(RESET, {"email": alice.email})
    assert last_mail().subject == "[Holdfast] There is no account with this address"


def test_an_address_changes_when_the_new_one_is_confirmed(alice: User) -> None:
    client = signed_in_client(alice)
    page = client.post(ADDRESS, {"email": "New@example.com", "action_add": ""}, follow=True)
    assert "not confirmed" in words(page)
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    client.post(mailed_link(last_mail()))
    alice.refresh_from_db()
    assert alice.email == "new@example.com"
    assert (last_mail().subject, last_mail().to) == (
        "[Holdfast] Address changed",
        ["alice@example.com"],
    )
    assert may_enter("new@example.com", PASSWORD)
    assert not may_enter("alice@example.com", PASSWORD)


def test_a_change_of_address_can_be_taken_back(alice: User) -> None:
    client = signed_in_client(alice)
    client.post(ADDRESS, {"email": "new@example.com", "action_add": ""})
    link = mailed_link(last_mail())
    client.post(ADDRESS, {"email": "new@example.com", "action_remove": ""})
    assert "no longer works" in words(new_client().get(link))


def test_a_mere_session_changes_no_address(alice: User) -> None:
    thief = new_client()
    thief.force_login(alice)
    response = thief.post(ADDRESS, {"email": "thief@example.com", "action_add": ""})
    assert "/accounts/reauthenticate/" in response.headers["Location"]
    assert not mail.outbox


def test_anothers_address_is_not_told_apart(alice: User) -> None:
    make_user("bob@example.com")
    client = signed_in_client(alice)
    page = client.post(ADDRESS, {"email": "bob@example.com", "action_add": ""}, follow=True)
    assert page.status_code == 200
    assert User.objects.filter(email="bob@example.com").count() == 1


def test_a_changed_password_signs_out_elsewhere(alice: User) -> None:
    client, elsewhere = signed_in_client(alice), signed_in_client(alice)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert client.post("/accounts/password/change/", form).status_code == 302
    assert client.get("/home").status_code == 200
    assert elsewhere.get("/home").status_code == 302
    assert last_mail().subject == "[Holdfast] Password changed"


def test_the_page_says_where_unsent_mail_lies(settings: Settings, tmp_path: Path) -> None:
    settings.IS_EMBEDDED = True
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.EMAIL_BACKEND = mail_files.BACKEND
    page = new_client().post(RESET, {"email": "nobody@example.com"}, follow=True)
    assert str(tmp_path / "mail") in words(page)
    assert len(list((tmp_path / "mail").iterdir())) == 1
    settings.IS_EMBEDDED = False
    page = new_client().get(f"{RESET}done/")
    assert str(tmp_path) not in words(page)


@pytest.mark.parametrize(
    "path",
    [
        *("/accounts/inactive/", "/accounts/confirm-email/", "/accounts/password/reset/done/"),
        *("/accounts/password/reset/key/done/", "/accounts/confirm-email/MQ:abc:def/"),
    ],
)
def test_pages_of_the_way_are_ours(path: str) -> None:
    page = words(new_client().get(path))
    assert 'class="card stack"' in page
    assert " style=" not in page
