"""A user's own pages: profile, look, API keys, and the ways in and out."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import api_keys
from accounts.models import ApiKey, User
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio
from tests.factories import make_user

pytestmark = pytest.mark.django_db

KEYS = "/settings/api-keys"


@pytest.fixture(autouse=True)
def without_mail_server(settings: Settings) -> None:
    """As the embedded desk runs: nobody could confirm an address."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


@pytest.fixture
def charlie() -> User:
    return make_user("charlie@example.com")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_portfolio(owner: User) -> Portfolio:
    return open_portfolio(
        owner=owner,
        name="Savings",
        kind="paper",
        currency="USD",
        starting_cash=Decimal(1_000),
        opened_at=timezone.now(),
    )


@pytest.mark.parametrize("path", ["/settings", KEYS])
def test_a_stranger_is_sent_to_sign_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=")


def test_the_profile_can_be_named(alice: User) -> None:
    response = client_of(alice).post("/settings", {"display_name": "Alice A."})
    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.display_name == "Alice A."


def test_a_name_too_long_is_told_at_its_field(alice: User) -> None:
    response = client_of(alice).post("/settings", {"display_name": "A" * 81})
    assert response.status_code == 422
    assert b"field__errors" in response.content


def test_a_theme_is_kept_in_a_cookie(client: Client) -> None:
    response = client.post("/settings/theme", {"theme": "dark"})
    assert response.cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_a_theme_we_do_not_have_is_refused(client: Client) -> None:
    assert client.post("/settings/theme", {"theme": "neon"}).status_code == 422
    assert client.get("/settings/theme").status_code == 405


def test_a_new_key_is_shown_once_and_works(alice: User) -> None:
    client = client_of(alice)
    portfolio = make_portfolio(alice)
    response = client.post(
        KEYS, {"name": "Robot", "scopes": ["read", "trade"], "portfolio_ids": [str(portfolio.id)]}
    )
    assert response.status_code == 201
    text = response.context["key_text"]
    assert text in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    key = api_keys.authenticate_key(text, at=timezone.now())
    assert key is not None
    assert (key.scopes, key.portfolio_ids) == (["read", "trade"], [portfolio.id])
    assert text not in client.get(KEYS).content.decode()


def test_a_key_cannot_be_bound_to_a_strangers_portfolio(alice: User, charlie: User) -> None:
    portfolio = make_portfolio(charlie)
    make_portfolio(alice)
    response = client_of(alice).post(
        KEYS, {"name": "Robot", "scopes": ["read"], "portfolio_ids": [str(portfolio.id)]}
    )
    assert response.status_code == 422
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"scopes": ["read"]}, id="no name"),
        pytest.param({"name": "Robot"}, id="no scope"),
        pytest.param({"name": "Robot", "scopes": ["admin"]}, id="a scope he may not give"),
        pytest.param({"name": "Robot", "scopes": ["read"], "expires_on": "2020-01-01"}, id="past"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(alice: User, form: dict[str, str]) -> None:
    response = client_of(alice).post(KEYS, form)
    assert response.status_code == 422
    assert not ApiKey.objects.exists()


def test_a_key_is_bound_to_addresses_on_the_page(alice: User) -> None:
    client = client_of(alice)
    wish = {"name": "Robot", "scopes": ["read"], "allowed_networks": "192.0.2.1\n 2001:db8::/32,"}
    assert client.post(KEYS, wish | {"allowed_networks": "192.0.2.1 home"}).status_code == 422
    assert client.post(KEYS, wish).status_code == 201
    assert ApiKey.objects.get().networks == ["192.0.2.1/32", "2001:db8::/32"]
    assert "from 192.0.2.1/32, 2001:db8::/32" in client.get(KEYS).content.decode()


def test_a_key_ends_with_its_last_day(alice: User) -> None:
    last_day = timezone.now().date() + timedelta(days=7)
    client_of(alice).post(KEYS, {"name": "R", "scopes": ["read"], "expires_on": str(last_day)})
    key = ApiKey.objects.get()
    assert key.expires_at is not None
    assert key.expires_at.date() == last_day


def test_a_revoked_key_opens_nothing(alice: User) -> None:
    key, text = api_keys.issue_key(
        owner=alice, name="Robot", scopes=["read"], created_at=timezone.now()
    )
    assert client_of(alice).post(f"{KEYS}/{key.id}/revocation").status_code == 302
    assert api_keys.authenticate_key(text, at=timezone.now()) is None


def test_nobody_revokes_a_strangers_key(alice: User, charlie: User) -> None:
    key, _ = api_keys.issue_key(
        owner=alice, name="Robot", scopes=["read"], created_at=timezone.now()
    )
    assert client_of(charlie).post(f"{KEYS}/{key.id}/revocation").status_code == 404
    assert client_of(charlie).post(f"{KEYS}/{uuid4()}/revocation").status_code == 404
    assert client_of(charlie).get(KEYS).content.decode().count(key.lookup) == 0
    key.refresh_from_db()
    assert key.revoked_at is None


def test_signing_up_by_e_mail_lets_in(client: Client) -> None:
    password = "a-rather-long-pass-phrase"
    form = {"email": "Dora@Example.com", "password1": password, "password2": password}
    response = client.post("/accounts/signup/", form)
    assert response.headers["Location"] == "/home"
    assert User.objects.get().email == "dora@example.com"
    assert client.get("/home").status_code == 200


def test_signing_in_and_out(client: Client, alice: User) -> None:
    response = client.post(
        "/accounts/login/", {"login": "ALICE@example.com", "password": "a-long-password"}
    )
    assert response.headers["Location"] == "/home"
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/home").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/home").status_code == 302


def test_a_wrong_password_is_told(client: Client, alice: User) -> None:
    response = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    assert response.status_code == 200
    assert b"message--error" in response.content


def test_a_forgotten_password_can_be_reset(client: Client, alice: User) -> None:
    response = client.post("/accounts/password/reset/", {"email": alice.email}, follow=True)
    assert response.status_code == 200
    assert len(mail.outbox) == 1
    assert "/accounts/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"],
)
def test_pages_carry_no_inline_style_or_handler(alice: User, client: Client, path: str) -> None:
    if "email" in path:
        client.force_login(alice)
    page = client.get(path).content.decode()
    assert " style=" not in page
    assert " onclick=" not in page
