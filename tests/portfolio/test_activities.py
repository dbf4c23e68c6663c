from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.models import Instrument
from portfolio import holds
from portfolio.activities import record_activities, record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.errors import (
    ActivityRefused,
    EntryConflict,
    InsufficientFunds,
    NotReversible,
)
from portfolio.models import JournalEntry, LedgerBalance, Lot, Portfolio, Position, UnitMove
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import (
    NOON,
    activity,
    cash_balance,
    decimals,
    draft_settlement,
    draft_trade,
    make_tracked,
    post,
)

pytestmark = pytest.mark.django_db

NOW = NOON + timedelta(days=30)


@pytest.fixture
def tracked(db: Any) -> Portfolio:
    return make_tracked(make_user(), cash="1000")


@pytest.fixture
def paper(db: Any) -> Portfolio:
    return make_portfolio(make_user("bob@example.com"), cash="1000", opened_at=NOON)


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


def record(portfolio: Portfolio, draft: ActivityDraft) -> JournalEntry:
    return record_activity(portfolio=portfolio, activity=draft, recorded_at=NOW)


def problems(portfolio: Portfolio, draft: ActivityDraft) -> set[tuple[str, str]]:
    with pytest.raises(ActivityRefused) as refused:
        record(portfolio, draft)
    return {(problem.field, problem.code) for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("kind", "numbers", "cash"),
    [
        ("deposit", {"amount": "5"}, "1005"),
        ("withdrawal", {"amount": "5"}, "995"),
        ("interest", {"amount": "5"}, "1005"),
        ("interest", {"amount": "5", "fees": "6"}, "999"),
        ("fee", {"amount": "5"}, "995"),
        ("tax", {"amount": "5"}, "995"),
        ("withdrawal", {"amount": "2000"}, "-1000"),
    ],
)
def test_each_kind_moves_cash(
    tracked: Portfolio, kind: str, numbers: dict[str, Any], cash: str
) -> None:
    entry = record(tracked, activity(kind, **numbers))
    assert (entry.kind, entry.amount) == (kind, Decimal(numbers["amount"]))
    assert cash_balance(tracked).settled == Decimal(cash)


def test_a_dividend_arrives_net_of_what_was_withheld(tracked: Portfolio, apple: Instrument) -> None:
    draft = replace(activity("dividend", instrument=apple, amount="10"), taxes=Decimal("1.5"))
    assert record(tracked, draft).instrument == apple
    assert cash_balance(tracked).settled == Decimal("1008.5")


def test_trades_are_settled_at_once_and_make_lots(tracked: Portfolio, apple: Instrument) -> None:
    record(tracked, activity("buy", instrument=apple, quantity="109", amount="3149.20"))
    sale = activity(
        "sell", instrument=apple, quantity="15", amount="531.50", at=NOON + timedelta(days=1)
    )
    record(tracked, sale)
    position = Position.objects.get(portfolio=tracked)
    assert position.realised_gain.quantize(Decimal("0.00001")) == Decimal("98.12385")
    assert cash_balance(tracked).settled == 1000 - Decimal("3149.20") + Decimal("531.50")


def test_a_total_is_split_into_a_unit_price(tracked: Portfolio, apple: Instrument) -> None:
    entry = record(tracked, activity("buy", instrument=apple, quantity="139", amount="22004.40"))
    assert entry.unit_price is not None
    assert entry.unit_price.quantize(Decimal("0.0001")) == Decimal("158.3050")
    assert entry.amount == Decimal("22004.40")


def test_a_report_repeated_is_the_same_activity(tracked: Portfolio) -> None:
    draft = activity("deposit", amount="5", external_id="wire-1")
    assert record(tracked, draft) == record(tracked, draft)
    with pytest.raises(EntryConflict):
        record(tracked, replace(draft, amount=Decimal(6)))


def test_many_are_booked_all_or_none(tracked: Portfolio, apple: Instrument) -> None:
    good = activity("deposit", amount="5")
    with pytest.raises(ActivityRefused) as refused:
        record_activities(
            portfolio=tracked,
            activities=[good, activity("deposit", amount="-5"), activity("sell")],
            recorded_at=NOW,
        )
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"1.amount", "2.symbol", "2.quantity", "2.unit_price"}
    assert cash_balance(tracked).settled == 1000
    first, second = record_activities(
        portfolio=tracked, activities=[good, replace(good, amount=Decimal(7))], recorded_at=NOW
    )
    assert (first.amount, second.amount) == decimals(5, 7)


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "1E400", "1E-11"])
def test_it_refuses_quantities_that_cannot_be(
    tracked: Portfolio, apple: Instrument, quantity: str
) -> None:
    draft = activity("buy", instrument=apple, quantity=quantity, unit_price="1")
    assert {field for field, _ in problems(tracked, draft)} == {"quantity"}


def test_it_names_everything_that_is_wrong_at_once(tracked: Portfolio, apple: Instrument) -> None:
    draft = ActivityDraft(
        kind="dividend",
        occurred_at=NOW + timedelta(seconds=1),
        quantity=Decimal(1),
        fees=Decimal(-1),
        currency="Euro",
        external_id="x" * 121,
        note="x" * 301,
    )
    assert problems(tracked, draft) == {
        ("occurred_at", "in_the_future"),
        ("quantity", "not_used"),
        ("fees", "out_of_range"),
        ("currency", "invalid"),
        ("external_id", "too_long"),
        ("note", "too_long"),
        ("amount", "required"),
        ("symbol", "required"),
    }


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (activity("gift", amount="1"), ("kind", "unknown")),
        (activity("deposit", amount="1", fees="1"), ("fees", "not_used")),
        (
            activity("deposit", amount="1", at=datetime(1960, 1, 1, tzinfo=NOON.tzinfo)),
            ("occurred_at", "too_early"),
        ),
        (
            activity("deposit", amount="1", at=NOON.replace(tzinfo=None)),
            ("occurred_at", "no_offset"),
        ),
    ],
)
def test_it_refuses_what_makes_no_sense(
    tracked: Portfolio, draft: ActivityDraft, problem: tuple[str, str]
) -> None:
    assert problem in problems(tracked, draft)


def test_it_refuses_an_amount_that_disagrees_with_the_price(
    tracked: Portfolio, apple: Instrument
) -> None:
    draft = activity("buy", instrument=apple, quantity="10", unit_price="10", amount="101")
    assert problems(tracked, draft) == {("amount", "disagrees")}


def test_money_without_a_rate_is_not_booked(tracked: Portfolio) -> None:
    vodafone = make_instrument("VOD")
    Instrument.objects.filter(id=vodafone.id).update(currency="GBP")
    vodafone.refresh_from_db()
    draft = activity("buy", instrument=vodafone, quantity="10", unit_price="10")
    assert problems(tracked, draft) == {("exchange_rate", "no_rates")}


def test_paper_portfolios_trade_through_orders_only(paper: Portfolio, apple: Instrument) -> None:
    draft = activity("buy", instrument=apple, quantity="1", unit_price="1")
    assert ("kind", "not_for_paper") in problems(paper, draft)


@pytest.mark.parametrize("order", [("buy", "sell"), ("sell", "buy")])
def test_a_sale_and_a_purchase_of_one_moment_meet_whichever_was_recorded_first(
    tracked: Portfolio, apple: Instrument, order: tuple[str, str]
) -> None:
    prices = {"buy": "10", "sell": "12"}
    for kind in order:
        record(tracked, activity(kind, instrument=apple, quantity="5", unit_price=prices[kind]))
    assert not UnitMove.objects.filter(portfolio=tracked).exists()
    position = Position.objects.get(portfolio=tracked)
    assert (position.quantity, position.cost, position.realised_gain) == decimals(0, 0, 10)
    units = LedgerBalance.objects.get(portfolio=tracked, instrument=apple)
    assert units.settled == 0


def test_a_sale_of_units_never_held_is_booked_and_flagged(
    tracked: Portfolio, apple: Instrument
) -> None:
    record(tracked, activity("buy", instrument=apple, quantity="6", unit_price="1"))
    sale = activity(
        "sell", instrument=apple, quantity="10", unit_price="2", at=NOON + timedelta(days=1)
    )
    entry = record(tracked, sale)
    move = UnitMove.objects.get(portfolio=tracked)
    assert move.entry_id == entry.id
    assert (move.found_quantity, move.missing_quantity) == decimals(6, 4)
    position = Position.objects.get(portfolio=tracked)
    assert (position.quantity, position.cost, position.realised_gain) == decimals(0, 0, 6)


def test_a_purchase_recorded_later_is_what_was_missing(
    tracked: Portfolio, apple: Instrument
) -> None:
    sale = activity(
        "sell", instrument=apple, quantity="10", unit_price="2", at=NOON + timedelta(days=1)
    )
    record(tracked, sale)
    record(tracked, activity("buy", instrument=apple, quantity="10", unit_price="1"))
    assert not UnitMove.objects.exists()
    assert Position.objects.get(portfolio=tracked).realised_gain == 10


def test_paper_cash_leaves_only_settled_and_unreserved(paper: Portfolio, apple: Instrument) -> None:
    purchase = draft_trade(paper, apple, quantity="5")
    post(purchase)
    sale = draft_trade(paper, apple, EntryKind.SELL, quantity="5", at=NOON + timedelta(minutes=1))
    post(sale)
    holds.place_hold(
        balance_id=cash_balance(paper).id,
        reference=purchase.id,
        amount=Decimal(100),
        placed_at=NOON,
    )
    with pytest.raises(InsufficientFunds) as refused:
        record(paper, activity("withdrawal", amount="500.01"))
    assert refused.value.available == 500
    record(paper, activity("withdrawal", amount="500"))
    post(draft_settlement(purchase), draft_settlement(sale))
    record(paper, activity("withdrawal", amount="400"))
    assert cash_balance(paper).available == 0


def test_a_withdrawal_repeated_does_not_ask_for_the_money_again(paper: Portfolio) -> None:
    draft = activity("withdrawal", amount="1000", external_id="out-1")
    assert record(paper, draft) == record(paper, draft)


def test_a_reversal_undoes_cash_and_lots_once(tracked: Portfolio, apple: Instrument) -> None:
    bought = record(tracked, activity("buy", instrument=apple, quantity="10", unit_price="10"))
    first = reverse_entry(portfolio=tracked, entry_id=bought.id, reversed_at=NOW)
    again = reverse_entry(portfolio=tracked, entry_id=bought.id, reversed_at=NOW)
    assert first == again
    assert first.occurred_at == bought.occurred_at
    assert cash_balance(tracked).settled == 1000
    assert not Lot.objects.filter(portfolio=tracked).exists()


def test_the_units_of_a_reversed_purchase_that_were_sold_are_missing(
    tracked: Portfolio, apple: Instrument
) -> None:
    bought = record(tracked, activity("buy", instrument=apple, quantity="10", unit_price="10"))
    sale = activity(
        "sell", instrument=apple, quantity="1", unit_price="10", at=NOON + timedelta(days=1)
    )
    record(tracked, sale)
    reverse_entry(portfolio=tracked, entry_id=bought.id, reversed_at=NOW)
    assert cash_balance(tracked).settled == 1010
    assert UnitMove.objects.get(portfolio=tracked).missing_quantity == 1


def test_bookkeeping_and_paper_trades_are_not_reversed(
    paper: Portfolio, tracked: Portfolio, apple: Instrument
) -> None:
    trade = draft_trade(paper, apple, quantity="1")
    post(trade)
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=paper, entry_id=trade.id, reversed_at=NOW)
    deposit = JournalEntry.objects.get(portfolio=tracked)
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=paper, entry_id=deposit.id, reversed_at=NOW)
    reversal = reverse_entry(portfolio=tracked, entry_id=deposit.id, reversed_at=NOW)
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=tracked, entry_id=reversal.id, reversed_at=NOW)
