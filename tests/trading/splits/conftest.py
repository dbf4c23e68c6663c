import pytest

from tests.trading.splits.splitting import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()
