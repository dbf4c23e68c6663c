"""What is derived is compared with what is stored while both change."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.rebuilding import find_differences, rebuild_portfolio
from portfolio.models import Position
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import NOON, draft_trade, post

pytestmark = pytest.mark.django_db(transaction=True)

INSTRUMENTS = 12
TRADES_EACH = 4


def test_trading_at_the_same_time_is_no_difference() -> None:
    """Also a first trade, whose balance was not there to be locked."""
    portfolio = make_portfolio(make_user(), opened_at=NOON)
    instruments = [make_instrument(f"S{number}") for number in range(INSTRUMENTS)]
    failures: list[BaseException] = []

    def trade() -> None:
        try:
            for instrument in instruments:
                for hour in range(TRADES_EACH):
                    at = NOON + timedelta(hours=hour)
                    with transaction.atomic():  # the entry and what follows from it
                        post(draft_trade(portfolio, instrument, quantity="1", at=at))
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failures.append(error)
        finally:
            connection.close()

    trader = threading.Thread(target=trade)
    trader.start()
    checks, deadline = 0, time.monotonic() + 60
    while trader.is_alive() and time.monotonic() < deadline:
        assert find_differences(portfolio.id) == []
        checks += 1
        if checks % 5 == 0:
            rebuild_portfolio(portfolio.id)
    trader.join(60)
    assert (failures, checks > 0) == ([], True)
    call_command("rebuild_positions", check=True, stdout=(said := StringIO()))
    assert "agree with the ledger" in said.getvalue()


def test_as_much_bought_as_sold_at_once_changes_the_cost_alone() -> None:
    """A change of no units and some money is none of a position's own rows."""
    portfolio = make_portfolio(make_user(), opened_at=NOON)
    apple = make_instrument("AAPL")
    post(draft_trade(portfolio, apple, quantity="10"))
    at = NOON + timedelta(hours=1)
    sale = draft_trade(portfolio, apple, EntryKind.SELL, quantity="10", at=at)
    post(sale, draft_trade(portfolio, apple, quantity="10", price="120", at=at))
    assert find_differences(portfolio.id) == []
    position = Position.objects.get(portfolio=portfolio)
    assert (str(position.quantity), position.cost > 1000) == ("10.0000000000", True)
