"""A user's own pages: profile, look, API keys, and the ways in and out."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import api_keys
from accounts.models import ApiKey, User
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio
from tests.accounts.signing_in import new_client, signed_in_client
from tests.factories import make_user

pytestmark = pytest.mark.django_db

KEYS = "/settings/api-keys"
LOOK = "/settings/look"
MAIL = "/settings/notifications"


@pytest.fixture(autouse=True)
def without_mail_server(settings: Settings) -> None:
    """As the embedded desk runs: nobody could confirm an address."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


@pytest.fixture
def charlie() -> User:
    return make_user("charlie@example.com")


def client_of(user: User) -> Client:
    """A browser whose user has just confirmed who he is."""
    return signed_in_client(user)


def make_portfolio(owner: User) -> Portfolio:
    return open_portfolio(
        owner=owner,
        name="Savings",
        kind="paper",
        currency="USD",
        starting_cash=Decimal(1_000),
        opened_at=timezone.now(),
    )


@pytest.mark.parametrize("path", ["/settings", KEYS, LOOK, MAIL, f"{KEYS}/{UUID(int=7)}/rotation"])
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


def test_a_look_is_kept_in_cookies(alice: User) -> None:
    client = client_of(alice)
    response = client.post(LOOK, {"theme": "dark", "hides_amounts": "on"})
    assert (response.status_code, response.headers["Location"]) == (302, LOOK)
    page = client.get(LOOK).content.decode()
    assert 'data-theme="dark" data-privacy="on"' in page
    client.post(LOOK, {"theme": "light"})
    page = client.get(LOOK).content.decode()
    assert 'data-theme="light">' in page


def test_the_page_of_mail_says_where_it_goes(alice: User) -> None:
    client = client_of(alice)
    assert "not confirmed" in client.get(MAIL).content.decode()
    EmailAddress.objects.update_or_create(
        user=alice, email=alice.email, defaults={"verified": True}
    )
    page = client.get(MAIL).content.decode()
    assert alice.email in page
    assert "not confirmed" not in page


def test_a_theme_we_do_not_have_is_refused(alice: User) -> None:
    client = client_of(alice)
    response = client.post(LOOK, {"theme": "neon"})
    assert response.status_code == 422
    assert "theme" not in response.cookies
    assert client.put(LOOK).status_code == 405


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


def issue(owner: User) -> tuple[ApiKey, str]:
    return api_keys.issue_key(owner=owner, name="Robot", scopes=["read"], created_at=timezone.now())


def is_open(text: str, *, after: timedelta = timedelta()) -> bool:
    return api_keys.authenticate_key(text, at=timezone.now() + after) is not None


def test_a_key_is_rotated_with_an_overlap(alice: User) -> None:
    key, former = issue(alice)
    client = client_of(alice)
    path = f"{KEYS}/{key.id}/rotation"
    assert "Rotate “Robot”" in client.get(path).content.decode()
    response = client.post(path, {"overlap_seconds": "3600"})
    assert response.status_code == 201
    text = response.context["key_text"]
    assert is_open(text)
    assert is_open(former, after=timedelta(minutes=59))
    assert not is_open(former, after=timedelta(minutes=61))


def test_a_key_is_rotated_at_once(alice: User) -> None:
    key, former = issue(alice)
    client_of(alice).post(f"{KEYS}/{key.id}/rotation", {"overlap_seconds": "0"})
    assert not is_open(former)


def test_an_overlap_we_do_not_offer_is_refused(alice: User) -> None:
    key, _ = issue(alice)
    response = client_of(alice).post(f"{KEYS}/{key.id}/rotation", {"overlap_seconds": "999999"})
    assert response.status_code == 422
    assert ApiKey.objects.count() == 1


def test_a_key_beyond_the_owners_rights_is_not_rotated(alice: User) -> None:
    key, _ = issue(alice)
    ApiKey.objects.filter(id=key.id).update(scopes=["admin"])
    response = client_of(alice).post(f"{KEYS}/{key.id}/rotation", {"overlap_seconds": "0"})
    assert response.status_code == 422
    assert "administrators only" in response.content.decode()


def test_an_ended_or_strangers_key_is_not_rotated(alice: User, charlie: User) -> None:
    revoked, _ = issue(alice)
    api_keys.revoke_key(key_id=revoked.id, owner=alice, revoked_at=timezone.now())
    strangers, _ = issue(charlie)
    client = client_of(alice)
    for key_id in (revoked.id, strangers.id, uuid4()):
        path = f"{KEYS}/{key_id}/rotation"
        assert client.get(path).status_code == 404
        assert client.post(path, {"overlap_seconds": "0"}).status_code == 404


def test_a_mere_session_makes_and_rotates_no_key(alice: User) -> None:
    key, _ = issue(alice)
    thief = new_client()
    thief.force_login(alice)
    assert thief.get(KEYS).status_code == 200
    for path, form in (
        (KEYS, {"name": "Robot", "scopes": ["read"]}),
        (f"{KEYS}/{key.id}/rotation", {"overlap_seconds": "0"}),
    ):
        response = thief.post(path, form)
        assert "/accounts/reauthenticate/" in response.headers["Location"]
    assert ApiKey.objects.count() == 1
    assert thief.post(f"{KEYS}/{key.id}/revocation").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_who_confirms_gets_the_key_he_asked_for(alice: User) -> None:
    client = signed_in_client(alice, is_confirmed=False)
    asked = client.post(KEYS, {"name": "Robot", "scopes": ["read"]}).headers["Location"]
    form = {"password": "a-long-password", "next": KEYS}
    response = client.post(asked, form)
    assert response.status_code == 201
    assert is_open(response.context["key_text"])
    assert "no-store" in response.headers["Cache-Control"]


def test_a_demo_without_a_password_makes_keys(client: Client) -> None:
    client.post("/demo")
    assert client.post(KEYS, {"name": "Robot", "scopes": ["read"]}).status_code == 201


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


@pytest.mark.django_db(transaction=True)  # mail waits for the commit
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
