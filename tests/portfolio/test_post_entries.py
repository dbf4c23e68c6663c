from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.identifiers import new_id
from market.models import Instrument
from portfolio.bookkeeping.entries import EntryKind
from portfolio.errors import EntryConflict, InsufficientFunds, InsufficientUnits
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, Portfolio, Posting
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import (
    NOON,
    cash_balance,
    decimals,
    draft_deposit,
    draft_settlement,
    draft_trade,
    make_tracked,
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


def postings_text(portfolio: Portfolio, kind: EntryKind) -> list[str]:
    rows = Posting.objects.filter(entry__portfolio=portfolio, entry__kind=kind).order_by("id")
    return [
        f"{row.ledger_account.kind} {row.ledger_account.currency or 'units'} {row.amount:f}".rstrip(
            "0"
        ).rstrip(".")
        for row in rows.select_related("ledger_account")
    ]


def test_a_purchase_promises_cash_for_units(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple, fees="1"))
    assert postings_text(portfolio, EntryKind.BUY) == [
        "to_receive units 10",
        "street units -10",
        "to_deliver USD -1001",
        "street USD 1000",
        "fees USD 1",
    ]
    cash, units = cash_balance(portfolio), units_balance(portfolio, apple)
    assert (cash.settled, cash.to_deliver, cash.available) == decimals(10_000, -1001, 8999)
    assert (units.settled, units.to_receive) == decimals(0, 10)


def test_settlement_moves_what_was_promised(portfolio: Portfolio, apple: Instrument) -> None:
    trade = draft_trade(portfolio, apple, fees="1")
    post(trade)
    post(draft_settlement(trade))
    cash, units = cash_balance(portfolio), units_balance(portfolio, apple)
    assert (cash.settled, cash.to_deliver) == decimals(8999, 0)
    assert (units.settled, units.to_receive) == decimals(10, 0)


def test_a_sale_counts_at_once_and_settles_later(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple))
    sale = draft_trade(
        portfolio, apple, EntryKind.SELL, price="110", fees="1", at=NOON + timedelta(hours=1)
    )
    post(sale)
    cash, units = cash_balance(portfolio), units_balance(portfolio, apple)
    assert (cash.to_receive, cash.available) == decimals(1099, 10_099)
    assert (units.to_deliver, units.total) == decimals(-10, 0)
    assert cash.withdrawable == 9000
    post(draft_settlement(sale))
    assert cash_balance(portfolio).settled == 11_099


def test_a_sale_whose_fees_eat_it_all_still_balances(
    portfolio: Portfolio, apple: Instrument
) -> None:
    post(draft_trade(portfolio, apple))
    sale = draft_trade(
        portfolio,
        apple,
        EntryKind.SELL,
        quantity="1",
        price="1",
        fees="3",
        at=NOON + timedelta(hours=1),
    )
    post(sale)
    post(draft_settlement(sale))
    assert cash_balance(portfolio).settled == 9998


def test_the_same_entry_again_changes_nothing(portfolio: Portfolio) -> None:
    first = draft_deposit(portfolio, "5", external_id="wire-1")
    again = replace(first, id=new_id(), amount=Decimal("5.00"))
    post(first)
    posted = post(again)
    assert posted.new == ()
    assert posted.entry_id(again) == first.id
    assert cash_balance(portfolio).settled == 10_005


def test_the_same_entry_twice_in_one_batch_counts_once(portfolio: Portfolio) -> None:
    first = draft_deposit(portfolio, "5", external_id="wire-1")
    posted = post(first, replace(first, id=new_id()))
    assert [draft.id for draft in posted.new] == [first.id]
    assert cash_balance(portfolio).settled == 10_005


def test_the_same_external_id_with_another_body_is_refused(portfolio: Portfolio) -> None:
    post(draft_deposit(portfolio, "5", external_id="wire-1"))
    with pytest.raises(EntryConflict):
        post(draft_deposit(portfolio, "6", external_id="wire-1"))
    assert cash_balance(portfolio).settled == 10_005


def test_another_portfolio_may_use_the_same_external_id(portfolio: Portfolio) -> None:
    other = make_portfolio(portfolio.owner, cash="1")
    post(draft_deposit(portfolio, external_id="wire-1"), draft_deposit(other, external_id="wire-1"))
    assert cash_balance(other).settled == 1001


def test_paper_cash_does_not_go_negative(portfolio: Portfolio, apple: Instrument) -> None:
    with pytest.raises(InsufficientFunds) as refused:
        post(
            draft_trade(portfolio, apple, quantity="50"),
            draft_trade(portfolio, apple, quantity="51"),
        )
    assert (refused.value.missing, refused.value.available) == decimals(100, 10_000)
    assert JournalEntry.objects.filter(portfolio=portfolio).count() == 1
    assert cash_balance(portfolio).available == 10_000


def test_paper_units_do_not_go_negative(portfolio: Portfolio, apple: Instrument) -> None:
    with pytest.raises(InsufficientUnits):
        post(draft_trade(portfolio, apple, EntryKind.SELL, quantity="1"))


def test_tracked_cash_may_go_negative(apple: Instrument) -> None:
    portfolio = make_tracked(make_user(), cash=None)
    post(draft_trade(portfolio, apple, is_settled=True))
    assert cash_balance(portfolio).settled == -1000


def test_a_batch_takes_as_many_statements_as_one_entry(
    portfolio: Portfolio, apple: Instrument
) -> None:
    other = make_portfolio(portfolio.owner, cash="1000000")
    microsoft = make_instrument("MSFT")
    post(draft_trade(portfolio, apple, quantity="1"))
    with CaptureQueriesContext(connection) as one:
        post(draft_trade(portfolio, apple, quantity="1", at=NOON + timedelta(hours=1)))
    drafts = [
        draft_trade(owned, instrument, quantity="1", at=NOON + timedelta(hours=2 + index))
        for index in range(10)
        for owned in (portfolio, other)
        for instrument in (apple, microsoft)
    ]
    post(*drafts[:4])
    with CaptureQueriesContext(connection) as many:
        post(*drafts[4:])
    assert len(many) == len(one)


@pytest.mark.django_db(transaction=True)
def test_many_posts_at_once_end_exactly() -> None:
    portfolio = make_portfolio(make_user(), cash="0")
    drafts = [draft_deposit(portfolio, "0.1") for _ in range(400)]
    race([partial(post_entries, [draft], recorded_at=NOON) for draft in drafts])
    assert cash_balance(portfolio).settled == 40


@pytest.mark.django_db(transaction=True)
def test_one_external_id_posted_at_once_by_many_counts_once() -> None:
    portfolio = make_portfolio(make_user(), cash="0")
    drafts = [draft_deposit(portfolio, "7", external_id="wire-1") for _ in range(16)]
    outcomes = race([partial(post_entries, [draft], recorded_at=NOON) for draft in drafts])
    assert sorted(len(outcome.new) for outcome in outcomes)[-2:] == [0, 1]  # type: ignore[union-attr]
    assert cash_balance(portfolio).settled == 7


@pytest.mark.django_db(transaction=True)
def test_batches_over_the_same_portfolios_in_any_order_do_not_deadlock() -> None:
    owner = make_user()
    portfolios = [make_portfolio(owner, cash="0") for _ in range(4)]
    batches = [
        [draft_deposit(one, "1") for one in (portfolios if turn % 2 else portfolios[::-1])]
        for turn in range(40)
    ]
    outcomes = race([partial(post_entries, batch, recorded_at=NOON) for batch in batches])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert [cash_balance(one).settled for one in portfolios] == [40] * 4
