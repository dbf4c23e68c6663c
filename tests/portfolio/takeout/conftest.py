"""Who has things of his own, who brings them back, and instruments that both know."""

from __future__ import annotations

import pytest

from accounts.models import User
from market.models import Instrument
from tests.factories import make_instrument, make_user
from tests.portfolio.takeout.desk import SYMBOLS


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def bob(db: None) -> User:
    return make_user("bob@example.com")


@pytest.fixture
def known(db: None) -> list[Instrument]:
    return [make_instrument(symbol) for symbol in SYMBOLS]
