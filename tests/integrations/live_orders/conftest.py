from collections.abc import Iterator

import pytest

from accounts.models import User
from tests.factories import make_instrument, make_quote
from tests.integrations.connections.conftest import alice, vault_of_tests
from tests.integrations.connections.desk import desk_with
from tests.integrations.live_orders.desk import LiveOrderDesk

__all__ = ["alice", "vault_of_tests"]


@pytest.fixture
def desk(alice: User) -> Iterator[LiveOrderDesk]:
    """A connection to a broker that is verified and armed: 1,000 USD an order, five a day."""
    apple = make_instrument("AAPL")
    make_quote(apple)
    with desk_with(alice) as made:
        live = LiveOrderDesk(made)
        live.arm()
        yield live
