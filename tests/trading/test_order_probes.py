"""Errors planted in orders and fills past every guard, as only a superuser can, and found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portfolio.bookkeeping.probes import failed_probes
from tests.support.vandals import Vandal, vandal
from tests.trading.factories import (
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
)
from trading.probes import CLAIMS

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGES = [
    ("UPDATE trading_fill SET price = price + 1", "probe_fills_not_as_posted"),
    ("UPDATE trading_fill SET quantity = quantity * 2", "probe_fills_not_as_posted"),
    (
        "DELETE FROM portfolio_posting WHERE entry_id IN (SELECT entry_id FROM trading_fill)",
        "probe_fills_not_as_posted",
    ),
    ("DELETE FROM trading_fill WHERE side = 'sell'", "probe_crosses_unequal"),
    ("UPDATE trading_fill SET price = 98 WHERE side = 'buy'", "probe_crosses_unequal"),
    ("UPDATE trading_order SET filled_quantity = 1", "probe_orders_not_as_filled"),
    ("UPDATE trading_order SET filled_amount = filled_amount + 1", "probe_orders_not_as_filled"),
    ("DELETE FROM trading_fill", "probe_orders_not_as_filled"),
    ("DELETE FROM portfolio_hold", "probe_orders_without_hold"),
    (
        "UPDATE portfolio_hold SET released_at = NULL WHERE released_at IS NOT NULL",
        "probe_orders_without_hold",
    ),
    (
        "UPDATE portfolio_hold SET remaining = 1 WHERE released_at IS NULL",
        "probe_orders_without_hold",
    ),
    ("DELETE FROM trading_settlement", "probe_fills_without_settlement"),
    ("DELETE FROM trading_ordercommand WHERE sequence = 1", "probe_command_gaps"),
    (
        "UPDATE trading_ordercommand SET sequence = 9 WHERE sequence = 2",
        "probe_command_gaps",
    ),
]


@pytest.fixture(autouse=True)
def books_balance() -> None:
    """In place of what looks whether they do: here they are broken on purpose."""


@pytest.fixture
def broken_books(transactional_db: None) -> Iterator[Vandal]:
    with vandal() as connected:
        yield connected


@pytest.fixture
def _traded(transactional_db: None) -> None:
    """Two users have traded with each other, and one has an order in the book."""
    apple = make_instrument()
    seller, buyer = make_portfolio(make_user("bob@example.com")), make_portfolio()
    give_units(seller, apple, "10")
    publish_quote(apple, bid="99.00", ask="100.00")
    place(seller, apple, side="sell", quantity="4", limit="99.50")
    place(buyer, apple, quantity="4", limit="99.50")
    place(buyer, apple, quantity="5", limit="90.00", tif="gtc")
    leading_matcher().work()


@pytest.mark.usefixtures("_traded")
@pytest.mark.parametrize(("damage", "probe"), DAMAGES)
def test_a_probe_finds_the_damage(broken_books: Vandal, damage: str, probe: str) -> None:
    assert failed_probes() == []
    broken_books.execute(damage.encode())
    assert probe in {failed.probe for failed in failed_probes()}


def test_every_probe_of_orders_is_shown_to_find_something() -> None:
    assert {probe for _, probe in DAMAGES} == set(CLAIMS)
