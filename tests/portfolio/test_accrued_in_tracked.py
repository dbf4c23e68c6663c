"""Claims to dividends in tracked portfolios: told late, reported, and in other currencies."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.identifiers import new_id
from accounts.models import User
from market.models import EuroRate, Instrument
from portfolio.activities import record_activity
from portfolio.income.received import received_income
from portfolio.models import (
    DailyValuation,
    JournalEntry,
    LedgerBalance,
    Portfolio,
)
from portfolio.portfolios import open_portfolio
from portfolio.recording.external_ids import corrected_id
from portfolio.recording.reversals import replace_activity, reverse_entry
from portfolio.returns.performance import measure
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument
from tests.portfolio.dividends import (
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
from tests.portfolio.factories import NOON, activity, decimals

pytestmark = pytest.mark.django_db


@pytest.fixture
def apple() -> Instrument:
    """At 100 until the ex-date, at 98 from then on."""
    found = make_instrument()
    make_daily_bars(found, CLOSES)
    return found


@pytest.fixture
def tracked(alice: User, apple: Instrument) -> Portfolio:
    """10 units in a portfolio that chose to have dividends booked."""
    portfolio = open_portfolio(
        owner=alice,
        name="Tracked",
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(100_000),
        opened_at=NOON,
        booked_actions="all",
    )
    tell(portfolio, "buy", apple, at=NOON, quantity="10", unit_price="100")
    return portfolio


def tell(portfolio: Portfolio, kind: str, instrument: Instrument, **facts: Any) -> JournalEntry:
    told = activity(kind, instrument=instrument, **facts)
    return record_activity(portfolio=portfolio, activity=told, recorded_at=BETWEEN)


def test_units_recorded_late_change_the_claim(tracked: Portfolio, apple: Instrument) -> None:
    declare(apple)
    book(tracked, at=BETWEEN)
    tell(tracked, "sell", apple, at=NOON + timedelta(days=1), quantity="4", unit_price="100")
    assert Money.of(tracked) == money("99400", "12")
    bought = tell(tracked, "buy", apple, at=NOON, quantity="1", unit_price="100")
    assert Money.of(tracked) == money("99300", "14")
    reverse_entry(portfolio=tracked, entry_id=bought.id, reversed_at=BETWEEN)
    assert Money.of(tracked) == money("99400", "12")


def test_what_a_file_brought_is_booked_anew_like_the_rest(
    tracked: Portfolio, apple: Instrument
) -> None:
    """Where it comes from it had been booked anew once, so its id does not end with a zero."""
    action = declare(apple)
    told = activity(
        "dividend",
        instrument=apple,
        at=ON_PAY,
        amount="20",
        external_id=f"market:dividend:{EX}:{action.id}:1",
    )
    record_activity(portfolio=tracked, activity=told, recorded_at=LATER)
    for quantity, amount in (("4", 12), ("1", 10)):
        sale = activity("sell", instrument=apple, quantity=quantity, unit_price="100")
        record_activity(portfolio=tracked, activity=sale, recorded_at=LATER)
        assert [one[2] for one in standing(tracked)] == [amount] * 3
    assert Money.of(tracked) == money("99510", "0")


def test_a_speck_of_a_unit_hinders_nobody(tracked: Portfolio, apple: Instrument) -> None:
    """Its dividend comes to less than a posting can hold."""
    tell(tracked, "sell", apple, at=NOON, quantity="9.9999999999", unit_price="100")
    other = make_instrument("MSFT")
    tell(tracked, "buy", other, at=NOON, quantity="10", unit_price="1")
    for one in (apple, other):
        declare(one, "0.2")
    assert book(tracked, at=BETWEEN) == 1
    assert book(tracked, at=LATER) == 2
    assert {(entry, amount) for entry, _, amount in standing(tracked)} == {
        (kind, Decimal(2)) for kind in ("accrual", "accrual_paid", "dividend")
    }


def test_the_claim_ends_when_the_investor_says_it_was_paid(
    tracked: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    book(tracked, at=BETWEEN)
    reported = BETWEEN - timedelta(days=1)
    tell(tracked, "dividend", apple, at=reported, amount="19")
    assert Money.of(tracked) == money("99019", "0")
    assert book(tracked, at=LATER) == 0
    assert standing(tracked) == [
        ("accrual", ON_EX, 20),
        ("accrual_paid", reported, 20),
        ("dividend", reported, 19),
    ]
    refresh_valuations(tracked.id, LAST_DAY)
    days = DailyValuation.objects.filter(portfolio=tracked).order_by("date")
    assert {day.date: day.income for day in days if day.income} == {EX: 20, reported.date(): -1}
    found = measure(tracked, start=None, end=LAST_DAY, at=LATER)
    assert found.drivers is not None
    assert (found.drivers.income, found.drivers.identity_gap) == decimals(19, 0)


def test_what_he_puts_in_the_place_of_a_payment_stays(
    tracked: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    book(tracked, at=LATER)
    (paid,) = JournalEntry.objects.filter(portfolio=tracked, kind="dividend")
    set_right = activity(
        "dividend",
        instrument=apple,
        at=ON_PAY,
        amount="19",
        external_id=corrected_id(paid.external_id, new_id()),
    )
    replace_activity(portfolio=tracked, entry_id=paid.id, activity=set_right, recorded_at=LATER)
    assert Money.of(tracked) == money("99019", "0")
    assert book(tracked, at=LATER) == 0
    assert standing(tracked) == [
        ("accrual", ON_EX, 20),
        ("accrual_paid", ON_PAY, 20),
        ("dividend", ON_PAY, 19),
    ]


@pytest.fixture
def splits_alone(alice: User, apple: Instrument) -> Portfolio:
    """10 units in a portfolio that did not choose dividends."""
    portfolio = open_portfolio(
        owner=alice,
        name="Splits",
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(100_000),
        opened_at=NOON,
    )
    tell(portfolio, "buy", apple, at=NOON, quantity="10", unit_price="100")
    return portfolio


def test_who_did_not_choose_dividends_has_no_claim(
    splits_alone: Portfolio, apple: Instrument
) -> None:
    declare(apple)
    assert book(splits_alone, at=LATER) == 0


def test_what_came_with_a_file_is_left_to_who_did_not_choose_dividends(
    tracked: Portfolio, splits_alone: Portfolio, apple: Instrument
) -> None:
    """It was booked by itself where it comes from, and says so in its id."""
    declare(apple)
    book(tracked, at=LATER)
    (paid,) = JournalEntry.objects.filter(portfolio=tracked, kind="dividend")
    told = activity(
        "dividend", instrument=apple, at=ON_PAY, amount="20", external_id=paid.external_id
    )
    record_activity(portfolio=splits_alone, activity=told, recorded_at=LATER)
    assert book(splits_alone, at=LATER) == 0
    assert Money.of(splits_alone) == money("99020", "0")


def rate(day: date, per_euro: str) -> None:
    EuroRate.objects.create(currency="USD", on_date=day, per_euro=Decimal(per_euro))


def test_in_another_currency_it_accrues_at_one_rate_and_is_paid_at_another(
    alice: User, apple: Instrument
) -> None:
    for number in range(30):
        day = date(2026, 1, 1) + timedelta(days=number)
        rate(day, "1.25" if day < date(2026, 1, 15) else "1.6")
    portfolio = open_portfolio(
        owner=alice,
        name="Euros",
        kind="tracked",
        currency="EUR",
        starting_cash=Decimal(0),
        opened_at=NOON,
        booked_actions="all",
    )
    tell(portfolio, "transfer_in", apple, at=NOON, quantity="10", unit_price="100")
    declare(apple)
    for at in (BETWEEN, LATER):
        book(portfolio, at=at)
        dollars = LedgerBalance.objects.get(portfolio=portfolio, currency="USD")
        assert (dollars.accrued, dollars.settled) == (
            decimals(20, 0) if at == BETWEEN else decimals(0, 20)
        )
    refresh_valuations(portfolio.id, LAST_DAY)
    cash = dict(DailyValuation.objects.filter(portfolio=portfolio).values_list("date", "cash"))
    assert (cash[EX], cash[date(2026, 1, 14)]) == decimals(16, 16)
    assert (cash[date(2026, 1, 15)], cash[PAY]) == (Decimal("12.5"), Decimal("12.5"))
    assert check_valuations(portfolio.id).wrong == []
    for end in (date(2026, 1, 16), LAST_DAY):
        found = measure(portfolio, start=None, end=end, at=LATER)
        assert found.drivers is not None
        assert (found.drivers.income, found.drivers.identity_gap) == decimals(16, 0)
    paid = received_income(portfolio, start=None, end=None, at=LATER)
    assert paid.gross == Decimal("12.5")  # what it was on the day on which it was paid


def test_a_day_without_a_rate_waits_for_one(tracked: Portfolio, apple: Instrument) -> None:
    """A claim that cannot be made has no end, and the payment does not wait for it."""
    declare(apple, currency="EUR")
    rate(PAY, "1.25")
    assert book(tracked, at=LATER) == 1
    euros = LedgerBalance.objects.get(portfolio=tracked, currency="EUR")
    assert (euros.settled, euros.accrued) == decimals(20, 0)
    rate(EX, "1.2")
    assert book(tracked, at=LATER) == 2
    assert [kind for kind, *_ in standing(tracked)] == ["accrual", "accrual_paid", "dividend"]
