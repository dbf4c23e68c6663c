"""Dividends of the market: owned from the ex-date on, spendable once they are paid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.identifiers import new_id
from accounts.models import User
from market.corporate_actions.actions import cancel_action, correct_action
from market.models import Exchange, Instrument
from market.models.corporate_actions import ActionKind
from portfolio import holds
from portfolio.activities import record_activity
from portfolio.beginning_anew import begin_anew
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.errors import InsufficientFunds, NotReversible
from portfolio.income.declared import declared_dividends
from portfolio.income.received import received_income
from portfolio.models import (
    DailyValuation,
    JournalEntry,
    LedgerBalance,
    Portfolio,
    PositionValuation,
)
from portfolio.portfolios import summary
from portfolio.recording.reversals import reverse_entry
from portfolio.returns.performance import measure
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument, make_portfolio
from tests.portfolio.dividends import (
    BEFORE,
    BETWEEN,
    CLOSES,
    EX,
    LAST_DAY,
    LATER,
    ON_EX,
    ON_PAY,
    PAY,
    Money,
    book,
    declare,
    money,
    standing,
)
from tests.portfolio.factories import NOON, activity, cash_balance, decimals, draft_trade, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def apple() -> Instrument:
    """At 100 until the ex-date, at 98 from then on."""
    found = make_instrument()
    make_daily_bars(found, CLOSES)
    return found


@pytest.fixture
def paper(alice: User, apple: Instrument) -> Portfolio:
    """10 units, bought and settled three days before the ex-date."""
    portfolio = make_portfolio(alice, opened_at=NOON)
    post(draft_trade(portfolio, apple, is_settled=True))
    return portfolio


def test_it_is_owned_from_the_ex_date_and_paid_once(paper: Portfolio, apple: Instrument) -> None:
    declare(apple)
    assert book(paper, at=BEFORE) == 0
    assert book(paper, at=ON_EX) == 1
    assert Money.of(paper) == money("99000", "20")
    assert book(paper, at=ON_PAY - timedelta(seconds=1)) == 0
    assert book(paper, at=ON_PAY) == 2
    assert Money.of(paper) == money("99020", "0")
    assert book(paper, at=LATER) == 0
    assert standing(paper) == [
        ("accrual", ON_EX, 20),
        ("accrual_paid", ON_PAY, 20),
        ("dividend", ON_PAY, 20),
    ]


def test_however_late_it_is_booked_the_books_are_the_same(
    paper: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    assert book(paper, at=LATER) == 3
    assert Money.of(paper) == money("99020", "0")
    assert [one[:2] for one in standing(paper)] == [
        ("accrual", ON_EX),
        ("accrual_paid", ON_PAY),
        ("dividend", ON_PAY),
    ]


def test_nobody_can_spend_it_before_it_is_paid(paper: Portfolio, apple: Instrument) -> None:
    declare(apple)
    book(paper, at=ON_EX)
    balance = cash_balance(paper)
    all_of_it: dict[str, Any] = {
        "balance_id": balance.id,
        "amount": Decimal(99001),
        "placed_at": BETWEEN,
    }
    with pytest.raises(InsufficientFunds):
        holds.place_hold(reference=new_id(), **all_of_it)
    withdrawal = activity("withdrawal", at=BETWEEN, amount="99001")
    with pytest.raises(InsufficientFunds):
        record_activity(portfolio=paper, activity=withdrawal, recorded_at=BETWEEN)
    now = summary(paper, at=BETWEEN)
    assert (now.buying_power, now.settled_cash, now.withdrawable_cash) == decimals(*(99000,) * 3)
    assert now.cash == 99020
    book(paper, at=ON_PAY)
    holds.place_hold(reference=new_id(), **all_of_it)


def test_the_worth_does_not_dip_between_ex_date_and_payment(
    paper: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    for at in (ON_EX, BETWEEN, LATER):
        book(paper, at=at)
        refresh_valuations(paper.id, min(at.date(), LAST_DAY) - timedelta(days=1))
    days = DailyValuation.objects.filter(portfolio=paper).order_by("date")
    assert days.count() == 20
    assert {day.total_value for day in days} == {Decimal(100_000)}
    assert {day.date: day.income for day in days if day.income} == {EX: 20}
    of_apple = PositionValuation.objects.filter(portfolio=paper).exclude(income=0)
    assert [(day.date, day.income) for day in of_apple] == [(EX, Decimal(20))]
    assert check_valuations(paper.id).wrong == []


@pytest.mark.parametrize("end", [EX, date(2026, 1, 15), PAY, date(2026, 1, 24)])
def test_returns_and_their_drivers_count_it_on_the_ex_date(
    paper: Portfolio, apple: Instrument, end: date
) -> None:
    declare(apple)
    book(paper, at=datetime.combine(end, NOON.time(), tzinfo=UTC))
    found = measure(paper, start=date(2026, 1, 6), end=end, at=LATER)
    assert found.returns.total == 0
    assert found.drivers is not None
    assert (found.drivers.income, found.drivers.unrealised_gain) == decimals(20, -20)
    assert found.drivers.identity_gap == 0
    after = measure(paper, start=EX + timedelta(days=1), end=LAST_DAY, at=LATER)
    assert after.drivers is not None
    assert (after.returns.total, after.drivers.income) == decimals(0, 0)
    paid = received_income(paper, start=None, end=end, at=LATER)
    assert paid.gross == (20 if end >= PAY else 0)


def test_bought_on_the_ex_date_gets_none_and_sold_on_it_still_does(
    alice: User, apple: Instrument
) -> None:
    declare(apple)
    buyer, seller = (make_portfolio(alice, name=name, opened_at=NOON) for name in ("B", "S"))
    opening = ON_EX + timedelta(hours=10)
    post(draft_trade(buyer, apple, at=opening, is_settled=True))
    post(draft_trade(seller, apple, is_settled=True))
    sale = draft_trade(seller, apple, EntryKind.SELL, price="98", at=opening, is_settled=True)
    post(sale)
    for portfolio in (buyer, seller):
        book(portfolio, at=BETWEEN)
    assert Money.of(buyer) == money("99000", "0")
    assert Money.of(seller) == money("99980", "20")
    book(seller, at=ON_PAY)
    assert Money.of(seller) == money("100000", "0")


def test_a_special_one_of_the_same_day_and_amount_is_paid_beside_the_regular(
    paper: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    special = declare(apple, kind=ActionKind.SPECIAL_DIVIDEND)
    book(paper, at=ON_EX)
    assert Money.of(paper) == money("99000", "40")
    book(paper, at=ON_PAY)
    assert Money.of(paper) == money("99040", "0")
    cancel_action(special.id, cancelled_at=LATER)
    book(paper, at=LATER)
    assert Money.of(paper) == money("99020", "0")


def test_a_correction_in_between_changes_the_claim(paper: Portfolio, apple: Instrument) -> None:
    action = declare(apple)
    book(paper, at=ON_EX)
    correct_action(action.id, changes={"amount_per_share": Decimal(3)}, corrected_at=BETWEEN)
    book(paper, at=BETWEEN)
    assert Money.of(paper) == money("99000", "30")
    earlier = {"pay_date": date(2026, 1, 11)}
    correct_action(action.id, changes=earlier, corrected_at=BETWEEN)
    assert book(paper, at=BETWEEN) == 2  # the claim stands as it was
    assert Money.of(paper) == money("99030", "0")


def test_a_correction_after_the_payment_changes_all_of_it(
    paper: Portfolio, apple: Instrument
) -> None:
    action = declare(apple)
    book(paper, at=LATER)
    correct_action(action.id, changes={"amount_per_share": Decimal(1)}, corrected_at=LATER)
    book(paper, at=LATER)
    assert Money.of(paper) == money("99010", "0")
    assert {amount for *_, amount in standing(paper)} == {Decimal(10)}
    refresh_valuations(paper.id, LAST_DAY)
    assert check_valuations(paper.id).wrong == []


@pytest.mark.parametrize("at", [ON_EX, LATER])
def test_what_is_cancelled_leaves_nothing(
    paper: Portfolio, apple: Instrument, at: datetime
) -> None:
    action = declare(apple)
    book(paper, at=at)
    cancel_action(action.id, cancelled_at=at)
    book(paper, at=LATER)
    assert Money.of(paper) == money("99000", "0")
    assert standing(paper) == []


def test_a_pay_date_that_comes_to_be_known_makes_it_a_claim(
    paper: Portfolio, apple: Instrument
) -> None:
    action = declare(apple, pay_date=None)
    book(paper, at=BETWEEN)
    assert standing(paper) == [("dividend", ON_EX, 20)]
    assert Money.of(paper) == money("99020", "0")
    correct_action(action.id, changes={"pay_date": PAY}, corrected_at=BETWEEN)
    book(paper, at=BETWEEN)
    assert Money.of(paper) == money("99000", "20")
    book(paper, at=ON_PAY)
    assert Money.of(paper) == money("99020", "0")


def test_a_reset_in_between_takes_the_claim_out(paper: Portfolio, apple: Instrument) -> None:
    declare(apple)
    book(paper, at=ON_EX)
    begin_anew(paper, starting_cash=Decimal(500), reference=new_id(), at=BETWEEN)
    paper.refresh_from_db()
    assert Money.of(paper) == money("500", "0")
    assert declared_dividends(paper, at=BETWEEN) == []
    assert book(paper, at=LATER) == 0
    assert Money.of(paper) == money("500", "0")
    found = measure(paper, start=None, end=LAST_DAY, at=LATER)
    assert found.drivers is not None
    assert (found.end_value, found.drivers.income) == decimals(500, 0)
    assert found.drivers.identity_gap == 0


def test_what_was_paid_before_there_were_claims_stays_booked(
    paper: Portfolio, apple: Instrument
) -> None:
    """Its claim is added, and nothing that stands is reversed."""
    declare(apple)
    book(paper, at=LATER)
    (paid,) = JournalEntry.objects.filter(portfolio=paper, kind="dividend")
    claims = JournalEntry.objects.filter(portfolio=paper, kind__in=EntryKind.claims())
    for entry in claims:
        with pytest.raises(NotReversible):
            reverse_entry(portfolio=paper, entry_id=entry.id, reversed_at=LATER)
    reverse_entry(portfolio=paper, entry_id=paid.id, reversed_at=LATER)  # it comes back
    assert Money.of(paper) == money("99020", "0")
    assert claims.filter(reversed_by=None).count() == 2


def test_a_column_that_began_at_zero_again_is_filled_from_the_postings(
    paper: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    book(paper, at=ON_EX)
    LedgerBalance.objects.filter(portfolio=paper).update(accrued=0)
    fill = import_module("portfolio.migrations.0024_what_has_accrued_by_postings").FILL
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(fill)
        assert Money.of(paper) == money("99000", "20")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo"])
def test_east_of_greenwich_it_waits_for_the_day_whose_close_lacks_it(
    paper: Portfolio, apple: Instrument, zone: str
) -> None:
    Exchange.objects.filter(mic=apple.exchange_id).update(timezone=zone)
    declare(apple)
    day = datetime.combine(EX, datetime.min.time(), tzinfo=UTC)
    assert book(paper, at=day - timedelta(seconds=1)) == 0
    assert book(paper, at=day) == 1


def test_the_page_of_cash_tells_what_has_accrued_and_when_it_pays(
    paper: Portfolio, apple: Instrument, browser: Client
) -> None:
    pay_date = datetime.now(tz=UTC).date() + timedelta(days=3)
    declare(apple, pay_date=pay_date)
    empty = browser.get(f"/portfolios/{paper.id}/cash").content.decode()
    assert "Accrued" not in empty
    book(paper, at=BETWEEN)
    for page in ("cash", "income"):
        text = browser.get(f"/portfolios/{paper.id}/{page}").content.decode()
        for words in ("Accrued", "$20.00", f"{pay_date:%-d %b}", "accrued_income"):
            assert words in text, (page, words)
    journal = browser.get(f"/portfolios/{paper.id}/journal").content.decode()
    assert "Accrual" in journal
    assert "Income not paid yet" in journal
