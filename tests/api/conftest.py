"""Three people and their keys: Alice owns, Bob may view, Charlie may not."""

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
