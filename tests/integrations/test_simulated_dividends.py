"""Dividends of the simulated exchange: those of the last known year, ahead of today alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.simulated.dividends import AHEAD, declare_dividends
from market.corporate_actions.actions import cancel_action, record_action
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from tests.factories import make_instrument

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
QUARTERS = (date(2019, 2, 8), date(2019, 5, 10), date(2019, 8, 9), date(2019, 11, 7))


def pay(
    stock: Instrument,
    *days: date,
    amount: str = "0.77",
    source: str = "sample",
    currency: str = "USD",
) -> None:
    for day in days:
        facts = ActionFacts(
            kind=ActionKind.DIVIDEND,
            ex_date=day,
            amount_per_share=Decimal(amount),
            currency=currency,
        )
        record_action(instrument=stock, facts=facts, source=source, recorded_at=NOW)


def declared() -> list[CorporateAction]:
    return list(CorporateAction.objects.filter(source="simulated").order_by("ex_date"))


def test_who_pays_each_quarter_always_has_one_to_come() -> None:
    stock = make_instrument()
    pay(stock, *QUARTERS)
    for weeks in range(0, 60, 3):
        now = NOW + timedelta(weeks=weeks)
        declare_dividends([stock], now=now)
        to_come = [one for one in declared() if now.date() < one.ex_date <= now.date() + AHEAD]
        assert to_come
        assert all(one.amount_per_share == Decimal("0.77") for one in to_come)


def test_each_is_the_same_weekday_years_later_and_paid_after() -> None:
    stock = make_instrument()
    pay(stock, *QUARTERS)
    assert declare_dividends([stock], now=NOW) == 1
    (one,) = declared()
    # Seven times 52 weeks after 8 February 2019.
    assert one.ex_date == date(2026, 1, 30) + timedelta(weeks=52)
    assert one.pay_date == one.ex_date + timedelta(days=21)
    assert (one.kind, one.currency) == ("dividend", "USD")
    assert declare_dividends([stock], now=NOW) == 0


def test_an_ex_date_is_a_session() -> None:
    stock, thanksgiving = make_instrument(), date(2026, 11, 26)
    pay(stock, thanksgiving - 7 * timedelta(weeks=52))
    declare_dividends([stock], now=NOW)
    assert [one.ex_date for one in declared()] == [date(2026, 11, 27)]


def test_two_that_fall_on_one_session_are_one() -> None:
    stock, thanksgiving = make_instrument(), date(2026, 11, 26)
    pay(stock, *(thanksgiving + timedelta(days=day, weeks=-7 * 52) for day in (0, 1)))
    assert declare_dividends([stock], now=NOW) == 1
    assert [one.ex_date for one in declared()] == [date(2026, 11, 27)]


def test_amounts_are_those_of_shares_of_now() -> None:
    stock = make_instrument()
    pay(stock, *QUARTERS, amount="0.8")
    split = ActionFacts(kind=ActionKind.SPLIT, ex_date=date(2020, 8, 31), ratio_from=1, ratio_to=4)
    record_action(instrument=stock, facts=split, source="test", recorded_at=NOW)
    declare_dividends([stock], now=NOW)
    assert {one.amount_per_share for one in declared()} == {Decimal("0.2")}


def test_who_is_told_of_by_others_declares_nothing() -> None:
    known, foreign, without = (make_instrument(symbol) for symbol in ("AAPL", "MSFT", "NFLX"))
    pay(known, *QUARTERS, date(2026, 2, 6))
    pay(foreign, *QUARTERS, currency="EUR")
    assert declare_dividends([known, foreign, without], now=NOW) == 0


def test_what_staff_recorded_or_cancelled_stays_so() -> None:
    stock = make_instrument()
    pay(stock, *QUARTERS)
    declare_dividends([stock], now=NOW)
    (one,) = declared()
    cancel_action(one.id, cancelled_at=NOW)
    assert declare_dividends([stock], now=NOW) == 0
    assert not CorporateAction.objects.standing().filter(ex_date__gt=NOW.date()).exists()
