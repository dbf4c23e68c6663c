from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from market.models import Instrument
from market.values import QuoteValue
from portfolio import portfolios, queries
from portfolio.bookkeeping import journal
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import Portfolio
from portfolio.recording.reversals import reverse_entry
from portfolio.valuations.lot_rows import find_lots, lot_rows
from tests.factories import make_instrument, make_quote, make_user
from tests.portfolio.factories import NOON, decimals, draft_deposit, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio(db: Any) -> Portfolio:
    return make_tracked(make_user(), cash="10000")


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


def quote(
    instrument: Instrument, *, last: str = "100", previous_close: str | None = "98"
) -> dict[int, QuoteValue]:
    return {
        instrument.id: QuoteValue(
            instrument_id=instrument.id,
            symbol=instrument.symbol,
            bid=None,
            bid_size=None,
            ask=None,
            ask_size=None,
            last=Decimal(last),
            last_size=None,
            previous_close=None if previous_close is None else Decimal(previous_close),
            occurred_at=NOON + timedelta(hours=6),
            source="simulated",
        )
    }


def buy(portfolio: Portfolio, instrument: Instrument, quantity: str, **facts: Any) -> None:
    post(draft_trade(portfolio, instrument, quantity=quantity, is_settled=True, **facts))


def test_a_position_is_valued_at_the_last_price(portfolio: Portfolio, apple: Instrument) -> None:
    buy(portfolio, apple, "10", price="90", fees="1", at=NOON - timedelta(days=3))
    row = queries.position_rows(portfolio, quote(apple))[0]
    assert row.symbol == "AAPL"
    assert (row.quantity, row.cost) == decimals(10, 901)
    assert row.average_cost == Decimal("90.1")
    assert (row.price, row.market_value, row.unrealised_gain) == decimals(100, 1000, 99)
    assert row.unrealised_gain_pct == Decimal("10.99")
    assert (row.day_change, row.day_change_pct) == decimals(20, "2.04")
    assert row.weight_pct == (Decimal(100_000) / (10_000 - 901 + 1000)).quantize(Decimal("0.01"))
    assert row.is_simulated
    assert row.price_as_of == NOON + timedelta(hours=6)


def test_units_bought_today_changed_since_their_purchase(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy(portfolio, apple, "10", price="90", at=NOON - timedelta(days=3))
    buy(portfolio, apple, "5", price="99", at=NOON)
    row = queries.position_rows(portfolio, quote(apple))[0]
    assert row.day_change == 10 * (100 - 98) + 5 * (100 - 99)


def test_the_day_begins_at_midnight_of_the_exchange(
    portfolio: Portfolio, apple: Instrument
) -> None:
    midnight_in_new_york = NOON.replace(hour=5)
    buy(portfolio, apple, "1", price="90", at=midnight_in_new_york - timedelta(seconds=1))
    assert queries.position_rows(portfolio, quote(apple))[0].day_change == 2
    buy(portfolio, apple, "1", price="99", at=midnight_in_new_york)
    assert queries.position_rows(portfolio, quote(apple))[0].day_change == 3


def test_without_a_previous_close_only_new_units_have_a_change(
    portfolio: Portfolio, apple: Instrument
) -> None:
    without = quote(apple, previous_close=None)
    buy(portfolio, apple, "5", price="99", at=NOON)
    assert queries.position_rows(portfolio, without)[0].day_change == 5
    buy(portfolio, apple, "5", price="99", at=NOON - timedelta(days=3))
    assert queries.position_rows(portfolio, without)[0].day_change is None


def test_without_a_price_there_is_no_value_and_the_summary_says_which(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy(portfolio, apple, "10", at=NOON - timedelta(days=3))
    buy(portfolio, make_instrument("MSFT"), "10", at=NOON - timedelta(days=3))
    summary = portfolios.summary(portfolio, quote(apple), at=NOON)
    assert summary.unpriced == ("MSFT",)
    assert summary.market_value is None
    assert summary.total_value is None
    assert summary.day_change is None
    assert summary.day_change_pct is None
    assert (summary.cash, summary.cost) == decimals(8000, 2000)
    assert summary.as_of == NOON
    known, unknown = queries.position_rows(portfolio, quote(apple))
    assert known.market_value == 1000
    assert known.weight_pct is None
    assert (unknown.price, unknown.market_value, unknown.unrealised_gain) == (None, None, None)


def test_a_price_in_another_currency_is_no_price(portfolio: Portfolio, apple: Instrument) -> None:
    buy(portfolio, apple, "10")
    Instrument.objects.update(currency="EUR")
    assert portfolios.summary(portfolio, quote(apple)).unpriced == ("AAPL",)


def test_the_summary_adds_up(portfolio: Portfolio, apple: Instrument) -> None:
    buy(portfolio, apple, "10", price="90", at=NOON - timedelta(days=3))
    summary = portfolios.summary(portfolio, quote(apple))
    assert (summary.market_value, summary.total_value) == decimals(1000, 10_100)
    assert (summary.unrealised_gain, summary.day_change) == decimals(100, 20)
    assert summary.day_change_pct == Decimal("0.20")
    assert (summary.cash, summary.settled_cash, summary.buying_power) == decimals(9100, 9100, 9100)


def test_an_empty_portfolio_is_worth_its_cash(portfolio: Portfolio) -> None:
    summary = portfolios.summary(portfolio)
    assert (summary.total_value, summary.market_value, summary.day_change) == decimals(10_000, 0, 0)


def test_stored_quotes_serve_where_no_live_ones_are(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy(portfolio, apple, "10", at=timezone.now() - timedelta(days=9))
    make_quote(apple, last="107", previous_close="106")
    assert portfolios.summary(portfolio).market_value == 1070


def test_what_is_sold_out_is_no_position(portfolio: Portfolio, apple: Instrument) -> None:
    buy(portfolio, apple, "10")
    post(
        draft_trade(portfolio, apple, EntryKind.SELL, at=NOON + timedelta(hours=1), is_settled=True)
    )
    assert queries.position_rows(portfolio, {}) == []


def test_lots_tell_what_is_left_and_what_was_gained(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy(portfolio, apple, "10", price="90", at=NOON - timedelta(days=3))
    buy(portfolio, apple, "10", price="95", at=NOON - timedelta(days=2))
    sale = draft_trade(
        portfolio, apple, EntryKind.SELL, quantity="12", price="100", is_settled=True
    )
    post(sale)
    lots = find_lots(portfolio)
    closed, still_open = lot_rows(lots, quotes=quote(apple))
    assert not closed.is_open
    assert (closed.realised_gain, closed.unrealised_gain) == decimals(100, 0)
    assert (still_open.remaining_quantity, still_open.remaining_cost) == decimals(8, 760)
    assert (still_open.realised_gain, still_open.unrealised_gain) == decimals(10, 40)
    assert still_open.unit_cost == 95
    assert [lot.id for lot in find_lots(portfolio, is_open=True)] == [still_open.lot_id]
    assert not find_lots(portfolio, instrument_id=apple.id + 1)


def test_rows_of_the_journal_have_their_postings(portfolio: Portfolio) -> None:
    (row,) = journal.entry_rows(list(journal.entries_of(portfolio)), with_postings=True)
    assert row.amount == 10_000
    assert [posting.account_kind for posting in row.postings] == ["settled", "equity"]


def test_activities_leave_out_bookkeeping(portfolio: Portfolio) -> None:
    wrong = draft_deposit(portfolio, "7", at=NOON + timedelta(hours=1))
    post(wrong)
    reverse_entry(portfolio=portfolio, entry_id=wrong.id, reversed_at=NOON + timedelta(days=1))
    assert [(row.amount, row.is_reversed) for row in newest_activities(portfolio)] == [
        (Decimal(7), True),
        (Decimal(10_000), False),
    ]


def newest_activities(portfolio: Portfolio) -> list[queries.EntryRow]:
    return journal.entry_rows(list(journal.activities_of(portfolio).order_by(*journal.ORDER)))


def test_reading_costs_the_same_whatever_is_held(portfolio: Portfolio, apple: Instrument) -> None:
    buy(portfolio, apple, "10")
    make_quote(apple)
    counts = [count_queries(portfolio)]
    for symbol in ("MSFT", "KO", "PG"):
        instrument = make_instrument(symbol)
        make_quote(instrument)
        buy(portfolio, instrument, "1")
    counts.append(count_queries(portfolio))
    assert counts == [{"summary": 4, "positions": 4, "lots": 4, "journal": 3, "activities": 2}] * 2


def count_queries(portfolio: Portfolio) -> dict[str, int]:
    """One of the queries is for quotes, since Valkey has none here."""
    reads: dict[str, Callable[[], object]] = {
        "summary": lambda: portfolios.summary(portfolio),
        "positions": lambda: queries.position_rows(portfolio),
        "lots": lambda: lot_rows(find_lots(portfolio)),
        "journal": lambda: journal.entry_rows(
            list(journal.entries_of(portfolio)), with_postings=True
        ),
        "activities": lambda: newest_activities(portfolio),
    }
    counts = {}
    for name, read in reads.items():
        with CaptureQueriesContext(connection) as captured:
            read()
        counts[name] = len(captured)
    return counts
