"""Lots and positions kept in step with the ledger, and derived anew from it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.models import Instrument
from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.rebuilding import STORED, find_differences, rebuild_portfolio
from portfolio.models import Lot, LotClosure, Portfolio, Position, UnitMove
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import NOON, decimals, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

BUY, SELL = EntryKind.BUY, EntryKind.SELL


@pytest.fixture
def portfolio(db: Any) -> Portfolio:
    return make_tracked(make_user())


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


def stored_bytes(portfolio: Portfolio) -> list[str]:
    """Every derived row as PostgreSQL writes it out."""
    rows = []
    with connection.cursor() as cursor:
        for query in STORED.values():
            cursor.execute(f"SELECT r::text FROM ({query}) AS r ORDER BY 1", [portfolio.id])
            rows += [row[0] for row in cursor.fetchall()]
    return rows


def trade(
    portfolio: Portfolio, instrument: Instrument, kind: EntryKind, quantity: str, *, day: int
) -> Any:
    return draft_trade(
        portfolio,
        instrument,
        kind,
        quantity=quantity,
        price="100",
        fees="1",
        at=NOON + timedelta(days=day),
        is_settled=True,
    )


def test_lots_closures_and_position_follow_the_trades(
    portfolio: Portfolio, apple: Instrument
) -> None:
    post(trade(portfolio, apple, BUY, "10", day=0))
    post(trade(portfolio, apple, BUY, "5", day=1), trade(portfolio, apple, SELL, "12", day=2))
    position = Position.objects.get(portfolio=portfolio)
    older, newer = Lot.objects.filter(portfolio=portfolio).order_by("opened_at")
    assert (older.remaining_quantity, older.remaining_cost) == decimals(0, 0)
    assert older.closed_at == NOON + timedelta(days=2)
    assert (newer.remaining_quantity, newer.remaining_cost) == decimals(3, Decimal("300.6"))
    assert (position.quantity, position.cost) == decimals(3, Decimal("300.6"))
    assert position.realised_gain == 1199 - 1001 - Decimal("200.4")
    assert LotClosure.objects.filter(lot__in=[older, newer]).count() == 2


def test_a_purchase_recorded_late_takes_its_place_in_time(
    portfolio: Portfolio, apple: Instrument
) -> None:
    late = trade(portfolio, apple, BUY, "10", day=0)
    post(trade(portfolio, apple, BUY, "10", day=1), trade(portfolio, apple, SELL, "10", day=2))
    post(late)
    assert Lot.objects.get(closed_at=None).opened_at == NOON + timedelta(days=1)


def test_units_sold_before_their_purchase_are_missing_then(
    portfolio: Portfolio, apple: Instrument
) -> None:
    post(trade(portfolio, apple, BUY, "10", day=1))
    post(trade(portfolio, apple, SELL, "3", day=0))
    assert Position.objects.get(portfolio=portfolio).quantity == 10
    assert UnitMove.objects.get(portfolio=portfolio).missing_quantity == 3


def test_a_position_sold_out_costs_nothing_and_keeps_its_gain(
    portfolio: Portfolio, apple: Instrument
) -> None:
    post(trade(portfolio, apple, BUY, "3", day=0))
    post(trade(portfolio, apple, SELL, "1", day=1), trade(portfolio, apple, SELL, "2", day=2))
    position = Position.objects.get(portfolio=portfolio)
    assert (position.quantity, position.cost, position.realised_gain) == decimals(0, 0, -3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    trades=st.lists(
        st.tuples(
            st.booleans(),
            st.decimals("0.0000000001", "1000", places=10),
            st.integers(0, 30),
            st.sampled_from(["AAPL", "MSFT"]),
        ),
        min_size=1,
        max_size=12,
    ),
    batch_size=st.integers(1, 4),
)
def test_rebuilding_gives_the_same_bytes(
    db: Any, trades: list[tuple[bool, Decimal, int, str]], batch_size: int
) -> None:
    """Whatever was recorded, in whatever order and batches."""
    from accounts.identifiers import new_id

    portfolio = make_tracked(make_user(f"{new_id().hex}@example.com"))
    instruments = {
        symbol: Instrument.objects.filter(symbol=symbol).first() or make_instrument(symbol)
        for symbol in ("AAPL", "MSFT")
    }
    for start in range(0, len(trades), batch_size):
        drafts = [
            trade(portfolio, instruments[symbol], SELL if is_sale else BUY, str(quantity), day=day)
            for is_sale, quantity, day, symbol in trades[start : start + batch_size]
        ]
        post(*drafts)
    before = stored_bytes(portfolio)
    assert find_differences(portfolio.id) == []
    rebuild_portfolio(portfolio.id)
    assert stored_bytes(portfolio) == before


def test_the_command_rebuilds_what_was_lost(portfolio: Portfolio, apple: Instrument) -> None:
    post(trade(portfolio, apple, BUY, "10", day=0), trade(portfolio, apple, SELL, "4", day=1))
    before = stored_bytes(portfolio)
    LotClosure.objects.all().delete()
    Lot.objects.all().delete()
    Position.objects.update(quantity=1, cost=0)
    with pytest.raises(CommandError, match="differences"):
        call_command("rebuild_positions", "--check", stderr=StringIO())
    call_command("rebuild_positions", stdout=StringIO())
    assert stored_bytes(portfolio) == before
    call_command("rebuild_positions", "--check", stdout=(said := StringIO()))
    assert "agree with the ledger" in said.getvalue()


def test_the_command_says_what_it_does_not_know(db: Any) -> None:
    with pytest.raises(CommandError, match="no portfolio"):
        call_command("rebuild_positions", "--portfolio", "0192aaaa-0000-7000-8000-000000000000")
