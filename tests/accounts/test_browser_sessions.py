"""Where a user is signed in by browser: seen, listed, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import browser_sessions
from accounts.browsers import browser_name
from accounts.models import AuditEvent, User
from config.limits import LIMITS
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("embedded_desk")]

PAGE = "/settings/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"


@pytest.fixture(autouse=True)
def fresh_memory() -> None:
    browser_sessions.memory.forget()


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


@pytest.fixture
def charlie() -> User:
    return make_user("charlie@example.com")


def device(user: User, user_agent: str = FIREFOX, address: str = "203.0.113.7") -> Client:
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR=address, HTTP_USER_AGENT=user_agent)
    response = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    assert response.headers["Location"] == "/home"
    return client


def key_of(client: Client) -> str:
    return str(client.session.session_key)


def row_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=key_of(client))


def is_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/126.0 Safari/1", "Chrome on macOS"),
        ("Mozilla/5.0 (Linux; Android 14) SamsungBrowser/25 Chrome/121 Safari/1",
         "Samsung Internet on Android"),
        ("curl/8.0", "curl"),
        ("Something (Windows NT 10.0)", "Browser on Windows"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
def test_a_browser_has_a_name(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_the_page_lists_this_device_first(alice: User, charlie: User) -> None:
    device(charlie)
    here = device(alice)
    device(alice, SAFARI, "2001:db8::1")
    sessions = here.get(PAGE).context["sessions"]
    assert [(line.browser, line.address, line.is_current) for line in sessions] == [
        ("Firefox on Linux", "203.0.113.7", True),
        ("Safari on iPhone", "2001:db8::1", False),
    ]


def test_a_demo_by_one_click_is_on_the_list(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    client.post("/demo")
    (session,) = client.get(PAGE).context["sessions"]
    assert session.is_current


def test_a_device_signed_out_is_shut_out_at_once(alice: User) -> None:
    here, there = device(alice), device(alice, SAFARI)
    response = here.post(f"{PAGE}/{row_of(there).pk}/end", follow=True)
    assert "signed out" in response.content.decode()
    assert (is_in(here), is_in(there)) == (True, False)
    assert len(here.get(PAGE).context["sessions"]) == 1
    event = AuditEvent.objects.get(action="device.signed_out")
    assert (event.owner_id, event.actor_id) == (alice.id, alice.id)
    assert event.before == {"browser": "Safari on iPhone", "address": "203.0.113.7"}


def test_all_others_are_signed_out(alice: User, charlie: User) -> None:
    here, stranger = device(alice), device(charlie)
    others = [device(alice, SAFARI), device(alice)]
    response = here.post(f"{PAGE}/others", follow=True)
    assert "2 other devices are signed out." in response.content.decode()
    assert [is_in(client) for client in (here, stranger, *others)] == [True, True, False, False]


def test_signing_out_others_again_finds_none(alice: User) -> None:
    here = device(alice)
    response = here.post(f"{PAGE}/others", follow=True)
    assert "0 other devices are signed out." in response.content.decode()


def test_nobody_ends_a_strangers_session(alice: User, charlie: User) -> None:
    here, stranger = device(alice), device(charlie)
    assert here.post(f"{PAGE}/{row_of(stranger).pk}/end").status_code == 404
    assert here.post(f"{PAGE}/999999/end").status_code == 404
    assert is_in(stranger)


def test_a_stranger_is_sent_to_sign_in_and_a_look_ends_nothing(alice: User) -> None:
    for path in (PAGE, f"{PAGE}/others", f"{PAGE}/1/end"):
        assert "/accounts/login/" in new_client().get(path).headers["Location"]
    here = device(alice)
    assert here.get(f"{PAGE}/others").status_code == 405
    assert here.post(PAGE).status_code == 405


def test_the_other_address_of_the_list_leads_here(alice: User) -> None:
    assert device(alice).get("/accounts/sessions/").headers["Location"] == PAGE


def test_a_session_is_noted_once_a_minute(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("accounts.browser_sessions.time.monotonic", lambda: clock[0])
    client = device(alice)

    def noted_after(seconds: float) -> bool:
        clock[0] += seconds
        before = row_of(client).last_seen_at
        client.get("/settings")
        return bool(row_of(client).last_seen_at > before)

    assert not noted_after(LIMITS.session_seen_seconds - 0.5)
    assert noted_after(0.5)


def test_a_moved_session_shows_where_it_is_now(alice: User) -> None:
    client = device(alice)
    browser_sessions.memory.forget()
    client.get("/settings", REMOTE_ADDR="198.51.100.9")
    assert row_of(client).ip == "198.51.100.9"


def test_the_api_is_no_use_of_a_session(alice: User) -> None:
    client = device(alice)
    before = row_of(client).last_seen_at
    browser_sessions.memory.forget()
    response = client.get("/api/v1/health/live")
    assert "Cookie" not in response.headers.get("Vary", "")
    assert row_of(client).last_seen_at == before


def test_living_sessions_are_told_from_ended_ones(
    alice: User, charlie: User, django_assert_num_queries: Any
) -> None:
    living, signed_out, expired = device(alice), device(alice), device(alice)
    switched_off = device(charlie)
    keys = {key_of(client) for client in (living, signed_out, expired, switched_off)}
    ended = keys - {key_of(living)}
    signed_out_key = key_of(signed_out)
    signed_out.post("/accounts/logout/")
    Session.objects.filter(session_key=key_of(expired)).update(expire_date=timezone.now())
    User.objects.filter(id=charlie.id).update(is_active=False)
    assert signed_out_key in ended
    with django_assert_num_queries(2):
        found = browser_sessions.find_ended(keys | {"never-was"}, at=timezone.now())
    assert found == ended | {"never-was"}
    assert browser_sessions.find_ended(set(), at=timezone.now()) == set()


def test_a_new_password_ends_sessions(alice: User) -> None:
    client = device(alice)
    alice.set_password("another-long-pass-phrase")
    alice.save()
    assert browser_sessions.find_ended({key_of(client)}, at=timezone.now())


def test_a_session_outlives_a_change_of_the_secret_key(alice: User, settings: Settings) -> None:
    client = device(alice)
    key = key_of(client)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert not browser_sessions.find_ended({key}, at=timezone.now())
    settings.SECRET_KEY_FALLBACKS = []
    assert browser_sessions.find_ended({key}, at=timezone.now())


def test_what_is_left_of_ended_sessions_is_dropped(alice: User) -> None:
    living, expired = signed_in_client(alice), device(alice)
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(session_key=key_of(expired)).update(expire_date=past)
    assert browser_sessions.forget_ended(now=timezone.now()) == 1
    assert [row.session_key for row in UserSession.objects.all()] == [key_of(living)]
    assert browser_sessions.forget_ended(now=timezone.now()) == 0
