from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from accounts.identifiers import new_id
from market.models import Instrument
from portfolio import holds
from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.errors import HoldReleased, InsufficientFunds, InsufficientUnits, UnknownHold
from portfolio.holds import HoldChange
from portfolio.ledger import post_entries
from portfolio.models import Hold, Portfolio
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import (
    NOON,
    cash_balance,
    decimals,
    draft_trade,
    post,
    race,
    units_balance,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio(db: Any) -> Portfolio:
    return make_portfolio(make_user(), cash="10000", opened_at=NOON)


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


def place(portfolio: Portfolio, amount: str) -> UUID:
    reference = new_id()
    holds.place_hold(
        balance_id=cash_balance(portfolio).id,
        reference=reference,
        amount=Decimal(amount),
        placed_at=NOON,
    )
    return reference


def test_a_hold_takes_from_what_is_available(portfolio: Portfolio) -> None:
    place(portfolio, "4000")
    balance = cash_balance(portfolio)
    assert (balance.held, balance.available, balance.total) == decimals(4000, 6000, 10_000)


def test_it_refuses_more_than_is_available_and_says_how_much_is(portfolio: Portfolio) -> None:
    place(portfolio, "4000")
    with pytest.raises(InsufficientFunds) as refused:
        place(portfolio, "6000.0000000001")
    assert refused.value.available == 6000
    assert refused.value.missing == Decimal("0.0000000001")
    assert cash_balance(portfolio).held == 4000


def test_units_are_held_likewise(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple))
    balance = units_balance(portfolio, apple)
    holds.place_hold(balance_id=balance.id, reference=new_id(), amount=Decimal(10), placed_at=NOON)
    with pytest.raises(InsufficientUnits):
        holds.place_hold(
            balance_id=balance.id, reference=new_id(), amount=Decimal(1), placed_at=NOON
        )


def test_a_fill_consumes_and_the_rest_is_released_once(
    portfolio: Portfolio, apple: Instrument
) -> None:
    order = place(portfolio, "1100")
    half = draft_trade(portfolio, apple, quantity="5")
    post_entries([half], recorded_at=NOON, hold_changes=[HoldChange(order, Decimal(500))])
    assert (cash_balance(portfolio).held, cash_balance(portfolio).available) == decimals(600, 8900)
    rest = draft_trade(portfolio, apple, quantity="5")
    done = HoldChange(order, Decimal(500), release_rest=True)
    posted = post_entries([rest], recorded_at=NOON, hold_changes=[done])
    assert posted.new == (rest,)
    assert (cash_balance(portfolio).held, cash_balance(portfolio).available) == decimals(0, 9000)
    hold = Hold.objects.get(reference=order)
    assert hold.remaining == 0
    assert hold.released_at == NOON
    post_entries([], recorded_at=NOON, hold_changes=[HoldChange(order, release_rest=True)])
    assert cash_balance(portfolio).held == 0
    apply_trades([half, rest])


def test_a_fill_may_cost_more_than_its_hold_if_there_is_more(
    portfolio: Portfolio, apple: Instrument
) -> None:
    order = place(portfolio, "900")
    fill = draft_trade(portfolio, apple)
    changes = [HoldChange(order, Decimal(1000), release_rest=True)]
    post_entries([fill], recorded_at=NOON, hold_changes=changes)
    apply_trades([fill])
    assert (cash_balance(portfolio).held, cash_balance(portfolio).available) == decimals(0, 9000)


def test_a_fill_that_eats_into_another_hold_is_refused(
    portfolio: Portfolio, apple: Instrument
) -> None:
    place(portfolio, "9500")
    order = place(portfolio, "500")
    with pytest.raises(InsufficientFunds):
        post_entries(
            [draft_trade(portfolio, apple)],
            recorded_at=NOON,
            hold_changes=[HoldChange(order, Decimal(1000), release_rest=True)],
        )
    assert cash_balance(portfolio).held == 10_000


def test_several_changes_of_one_hold_add_up(portfolio: Portfolio) -> None:
    order = place(portfolio, "100")
    changes = [HoldChange(order, Decimal(30)), HoldChange(order, Decimal(20))]
    post_entries([], recorded_at=NOON, hold_changes=changes)
    assert Hold.objects.get(reference=order).remaining == 50


def test_a_released_hold_has_nothing_to_consume(portfolio: Portfolio) -> None:
    order = place(portfolio, "100")
    post_entries([], recorded_at=NOON, hold_changes=[HoldChange(order, release_rest=True)])
    with pytest.raises(HoldReleased):
        post_entries([], recorded_at=NOON, hold_changes=[HoldChange(order, Decimal(1))])


def test_an_unknown_hold_is_an_error() -> None:
    with pytest.raises(UnknownHold):
        post_entries([], recorded_at=NOON, hold_changes=[HoldChange(new_id(), Decimal(1))])


@pytest.mark.django_db(transaction=True)
def test_of_two_holds_racing_for_the_last_cash_one_is_refused() -> None:
    portfolio = make_portfolio(make_user(), cash="100")
    outcomes = race([lambda: place(portfolio, "60"), lambda: place(portfolio, "60")])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InsufficientFunds", "UUID"]
    assert cash_balance(portfolio).held == 60


@pytest.mark.django_db(transaction=True)
def test_four_hundred_holds_at_once_stop_exactly_at_the_last_cent() -> None:
    portfolio = make_portfolio(make_user(), cash="250.50")
    outcomes = race([lambda: place(portfolio, "1") for _ in range(400)], threads=16)
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert {type(one) for one in refused} == {InsufficientFunds}
    assert len(outcomes) - len(refused) == 250
    assert cash_balance(portfolio).available == Decimal("0.50")


@pytest.mark.django_db(transaction=True)
def test_holds_fills_and_releases_at_once_end_exactly() -> None:
    portfolio = make_portfolio(make_user(), cash="100000")
    apple = make_instrument("AAPL")
    post(draft_trade(portfolio, apple, quantity="1"))

    def order_and_fill() -> None:
        order = place(portfolio, "101")
        change = HoldChange(order, Decimal(100), release_rest=True)
        fill = draft_trade(portfolio, apple, quantity="1")
        with transaction.atomic():
            post_entries([fill], recorded_at=NOON, hold_changes=[change])
            apply_trades([fill])

    outcomes = race([order_and_fill] * 100)
    assert [one for one in outcomes if one is not None] == []
    balance = cash_balance(portfolio)
    assert (balance.held, balance.available) == decimals(0, 100_000 - 10_100)
    assert units_balance(portfolio, apple).total == 101


def test_a_sale_uses_units_that_its_order_held(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple))
    order = new_id()
    holds.place_hold(
        balance_id=units_balance(portfolio, apple).id,
        reference=order,
        amount=Decimal(10),
        placed_at=NOON,
    )
    sale = draft_trade(portfolio, apple, EntryKind.SELL, quantity="4")
    post_entries([sale], recorded_at=NOON, hold_changes=[HoldChange(order, Decimal(4))])
    apply_trades([sale])
    units = units_balance(portfolio, apple)
    assert (units.held, units.available, units.total) == decimals(6, 0, 6)
