"""A user closes his own account: what opened it ends at once, and his books stay."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.closing import close_account
from accounts.models import ApiKey, AuditEvent, TokenFamily, User
from accounts.refresh_tokens import start_family
from accounts.tiers import Tier
from accounts.users import LastAdminKept, change_user
from market.models import Alert
from portfolio.demo.starting import create_demo_user
from portfolio.models import JournalEntry, Portfolio
from tests.accounts.signing_in import PASSWORD, SIGN_IN, new_client, signed_in_client
from tests.api.clients import ApiClient, key_for
from tests.factories import make_quote, make_user
from tests.market.alert_desk import make_alert
from tests.portfolio.factories import race
from tests.trading.factories import NOON, make_instrument, make_portfolio, place
from trading.changing.archiving import OrdersWorking

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("localhost")]

PAGE = "/settings/closing"


@pytest.fixture
def localhost(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


@pytest.fixture
def alice() -> User:
    return make_user()


def actions(user: User) -> set[str]:
    return set(AuditEvent.objects.for_user(user).values_list("action", flat=True))


def enter(user: User) -> Client:
    client = new_client()
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    return client


def test_everything_that_opens_it_ends_and_the_books_stay(alice: User) -> None:
    portfolio, api = make_portfolio(alice), ApiClient(key_for(alice))
    here, there = signed_in_client(alice), signed_in_client(alice)
    start_family(owner=alice, started_at=timezone.now())
    entries = JournalEntry.objects.filter(portfolio=portfolio).count()
    assert api.get("/me").status_code == 200
    answer = here.post(PAGE, {"email": alice.email.upper()}, follow=True)
    assert "Your account is closed" in answer.content.decode()

    assert [client.get("/home").status_code for client in (here, there)] == [302, 302]
    assert api.get("/me").status_code == 401
    assert enter(alice).get("/home").status_code == 302
    assert not ApiKey.objects.filter(owner=alice, revoked_at=None).exists()
    assert not TokenFamily.objects.filter(owner=alice, revoked_at=None).exists()
    assert Portfolio.objects.get(id=portfolio.id).archived_at is not None
    assert JournalEntry.objects.filter(portfolio=portfolio).count() == entries > 0
    assert {"user.closed", "user.signed_out", "portfolio.archived"} <= actions(alice)
    event = AuditEvent.objects.get(action="user.closed")
    assert (event.actor, event.via) == (alice, "page")
    assert (event.before, event.after) == ({"is_active": True}, {"is_active": False})


def test_its_address_is_nobody_elses(alice: User) -> None:
    close_account(user_id=alice.id, closed_at=NOON)
    form = {"email": alice.email, "password1": PASSWORD + "-2", "password2": PASSWORD + "-2"}
    new_client().post("/accounts/signup/", form)
    assert User.objects.filter(email__iexact=alice.email).count() == 1


def test_alerts_watch_no_more() -> None:
    apple = make_instrument()
    make_quote(apple)
    alert = make_alert(apple, "price_above", "110")
    close_account(user_id=alert.owner_id, closed_at=NOON)
    assert not Alert.objects.exists()


def test_an_order_that_works_refuses_it(alice: User) -> None:
    portfolio = make_portfolio(alice)
    place(portfolio, make_instrument(), limit="90")
    with pytest.raises(OrdersWorking):
        close_account(user_id=alice.id, closed_at=NOON)
    client = signed_in_client(alice)
    answer = client.post(PAGE, {"email": alice.email})
    assert answer.status_code == 422
    assert "cancel what is open first" in answer.content.decode()
    assert client.get("/home").status_code == 200
    assert Portfolio.objects.get(id=portfolio.id).archived_at is None
    assert "user.closed" not in actions(alice)


def test_the_last_administrator_stays(alice: User) -> None:
    User.objects.filter(id=alice.id).update(tier=Tier.ADMIN)
    with pytest.raises(LastAdminKept):
        close_account(user_id=alice.id, closed_at=NOON)
    make_user("bob@example.com", tier=Tier.ADMIN)
    close_account(user_id=alice.id, closed_at=NOON)
    alice.refresh_from_db()
    assert not alice.is_active


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_go_at_once_one_stays() -> None:
    admins = [make_user(f"{name}@example.com", tier=Tier.ADMIN) for name in ("ann", "ben")]
    closings = [partial(close_account, user_id=one.id, closed_at=NOON) for one in admins]
    outcomes = race(closings)
    assert sum(isinstance(outcome, LastAdminKept) for outcome in outcomes) == 1
    assert User.objects.filter(is_active=True).count() == 1


def test_closing_twice_is_once(alice: User) -> None:
    for _ in range(2):
        close_account(user_id=alice.id, closed_at=NOON)
    assert AuditEvent.objects.filter(action="user.closed").count() == 1


def test_an_administrator_opens_it_again(alice: User) -> None:
    close_account(user_id=alice.id, closed_at=NOON)
    change_user(user_id=alice.id, changes={"is_active": True}, by=None, changed_at=NOON)
    assert enter(alice).get("/home").status_code == 200


def test_a_demo_may_go_without_a_password() -> None:
    demo = create_demo_user(created_at=timezone.now())
    client = new_client()
    client.force_login(demo, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(PAGE, {"email": demo.email}).status_code == 302
    demo.refresh_from_db()
    assert not demo.is_active


def test_a_mere_session_closes_nothing(alice: User) -> None:
    thief = new_client()
    thief.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = thief.post(PAGE, {"email": alice.email})
    assert "/accounts/reauthenticate/" in answer.headers["Location"]
    alice.refresh_from_db()
    assert alice.is_active


@pytest.mark.parametrize("typed", ["", "bob@example.com", "nonsense"])
def test_a_slip_closes_nothing(alice: User, typed: str) -> None:
    answer = signed_in_client(alice).post(PAGE, {"email": typed})
    assert answer.status_code == 422
    alice.refresh_from_db()
    assert alice.is_active


def test_nothing_is_closed_without_its_event(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio, record = make_portfolio(alice), audit.record

    def record_or_fail(*, action: str, **facts: object) -> None:
        if action == "user.signed_out":
            raise OSError("the disk is full")
        record(action=action, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "record", record_or_fail)
    with pytest.raises(OSError, match="full"):
        close_account(user_id=alice.id, closed_at=NOON)
    alice.refresh_from_db()
    assert alice.is_active
    assert Portfolio.objects.get(id=portfolio.id).archived_at is None
