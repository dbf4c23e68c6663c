"""Three people and their keys: Alice owns, Bob may view, Charlie may not."""

from typing import Final

import pytest
from django.test import Client

from accounts import auth
from accounts.models import User
from accounts.rate_limits import limiter
from market.live import live_quotes
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, key_for
from tests.factories import make_instrument, make_portfolio, make_quote
from tests.portfolio.imports.factories import make_tracked

MEMORY_SECONDS: Final = auth.MEMORY_SECONDS


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.com", tier="premium")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.com", tier="premium")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user("admin@example.com", tier="admin", is_staff=True)


@pytest.fixture
def api(alice: User) -> ApiClient:
    """Alice's program, with every scope she may give."""
    return ApiClient(key_for(alice))


@pytest.fixture
def stranger_api(charlie: User) -> ApiClient:
    return ApiClient(key_for(charlie))


@pytest.fixture
def admin_api(admin: User) -> ApiClient:
    return ApiClient(key_for(admin, scopes=("read", "trade", "admin")))


@pytest.fixture
def anonymous() -> Client:
    return Client()


@pytest.fixture(autouse=True)
def remembered_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose key it is, is not asked anew in the middle of a test that is slow."""
    monkeypatch.setattr(auth, "MEMORY_SECONDS", 60)


@pytest.fixture
def forgotten_in_time(remembered_callers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers are asked for anew as soon as they are in truth."""
    monkeypatch.setattr(auth, "MEMORY_SECONDS", MEMORY_SECONDS)


@pytest.fixture(autouse=True)
def rested_valkey() -> None:
    """A failure provoked by one test is none of the next."""
    live_quotes.rest.end()
    auth.memory.forget()
    limiter.forget()


@pytest.fixture
def apple(db: None) -> Instrument:
    """An instrument with a fresh quote: 99.99 to 100.01, a thousand on each side."""
    instrument = make_instrument("AAPL", name="Apple Inc.")
    make_quote(instrument)
    return instrument


@pytest.fixture
def paper(alice: User) -> Portfolio:
    """Alice's paper portfolio with 100,000 USD."""
    return make_portfolio(alice)


@pytest.fixture
def depot(alice: User) -> Portfolio:
    return make_tracked(alice, "Depot")
