from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from integrations.brokers.adapters import catalogue
from tests.factories import make_instrument, make_user
from tests.integrations.connections.desk import Desk, desk_with


@pytest.fixture(autouse=True)
def vault_of_tests(settings: Settings, tmp_path: Path) -> None:
    settings.VAULT_KEY_PROVIDER = "file"
    settings.VAULT_KEY_FILE = tmp_path / "keys.json"
    settings.BROKER_URLS = {}


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def desk(alice: User) -> Iterator[Desk]:
    make_instrument("AAPL")
    with desk_with(alice) as made:
        yield made


@pytest.fixture(params=sorted(catalogue()))
def any_desk(alice: User, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """At each broker of the catalogue."""
    make_instrument("AAPL")
    with desk_with(alice, request.param) as made:
        yield made
