"""What in a portfolio's data is wrong or odd, through the API and on the health page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.calendar import trading_hours
from market.models import EuroRate, IngestionRun, Instrument, QuarantinedRow
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import LedgerBalance, Portfolio
from portfolio.quality.findings import ADVICE, TITLES
from portfolio.quality.money_checks import dips
from portfolio.valuation import freshen
from tests.api.books import FIRST, Book, load_rates
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars, make_instrument, make_quote
from tests.portfolio.factories import draft_trade, make_tracked, post

MIDNIGHT = FIRST.replace(hour=5)
OF_CLOSES = ("price_gap", "unpriced_days")


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """Ten bought at 100 on a Wednesday, paid by a deposit, with a fresh price."""
    trading_hours("XNAS")  # loading calendars takes seconds, which no request should wait for here
    make_quote(apple, last="100", occurred_at=timezone.now())
    book = Book(api)
    book("deposit", amount="1000", day=0)
    book("buy", 10, 100, day=1)
    return book


def findings(book: Book, code: str = "") -> list[dict[str, Any]]:
    """Those of a code; without one those that are not about missing days of prices."""
    items: list[dict[str, Any]] = book.read("quality-checks")["items"]
    return [one for one in items if (one["code"] == code if code else one["code"] not in OF_CLOSES)]


def test_a_sound_portfolio_has_no_findings(book: Book) -> None:
    assert findings(book) == []


def test_a_sale_of_what_was_never_bought(book: Book) -> None:
    sale = book("sell", 14, 100, day=2)
    (found,) = findings(book, "unmatched_sale")
    assert found["severity"] == "error"
    assert (found["activity_id"], found["symbol"]) == (sale["id"], "AAPL")
    assert "10 AAPL were held and 4 are missing" in found["message"]


@pytest.mark.parametrize(
    ("price", "severity"), [("100", None), ("250", "warning"), ("10000", "error"), ("4", "error")]
)
def test_a_price_far_from_the_market(
    book: Book, apple: Instrument, price: str, severity: str | None
) -> None:
    make_daily_bars(apple, [100] * 10, first_at=MIDNIGHT)
    book("deposit", amount="50000", day=0)
    book("buy", 1, price, day=3)
    found = findings(book, "odd_price")
    assert [one["severity"] for one in found] == ([severity] if severity else [])


def test_units_for_nothing(book: Book, apple: Instrument) -> None:
    make_daily_bars(apple, [100] * 10, first_at=MIDNIGHT)
    book("buy", 1, "0", day=3)
    assert [one["severity"] for one in findings(book, "free_units")] == ["notice"]


def test_a_trade_on_a_sunday(book: Book) -> None:
    book("sell", 1, 100, occurred_at="2024-01-07T15:00:00Z")
    (found,) = findings(book, "closed_day")
    assert (found["start"], found["severity"]) == ("2024-01-07", "notice")


def test_a_date_without_a_time_is_that_day(book: Book) -> None:
    book("sell", 1, 100, occurred_at="2024-01-05T00:00:00Z")  # a Friday
    assert findings(book, "closed_day") == []


def test_what_was_recorded_twice_is_undone_by_its_mend(book: Book, api: ApiClient) -> None:
    again = book("buy", 10, 100, day=1)
    (found,) = findings(book, "duplicate")
    assert found["mend"] == {"method": "POST", "path": f"/api/v1/activities/{again['id']}/reversal"}
    assert api.post(found["mend"]["path"].removeprefix("/api/v1"), {}).status_code == 201
    assert findings(book) == []


def test_rows_of_one_batch_stand_for_themselves(book: Book, api: ApiClient) -> None:
    row = {"kind": "deposit", "amount": "5", "occurred_at": FIRST.isoformat()}
    api.post(f"{book.path}/activities/batch", {"activities": [row, row]}, key="both")
    assert findings(book, "duplicate") == []


def test_a_short_dip_of_cash_is_a_notice_and_the_return_is_finite(
    api: ApiClient, apple: Instrument
) -> None:
    make_quote(apple, last="100", occurred_at=timezone.now())
    make_daily_bars(apple, [100, 100, 100, 110, 110, 110, 110], first_at=MIDNIGHT)
    book = Book(api)
    book("deposit", amount="500", day=0)
    book("buy", 10, 100, day=1)
    book("deposit", amount="500", day=3)
    (found,) = findings(book, "cash_dip")
    assert (found["severity"], found["currency"]) == ("notice", "USD")
    assert (found["start"], found["end"]) == ("2024-01-03", "2024-01-05")
    measured = book.performance(end="2024-01-08")
    assert Decimal(measured["twr"]).is_finite()
    assert measured["notices"] == ["cash_dip"]


def test_cash_that_stays_below_zero_is_wrong(book: Book) -> None:
    book("buy", 1, 100, day=2)
    (found,) = findings(book, "negative_cash")
    assert (found["severity"], found["end"]) == ("error", None)


def test_a_long_time_below_zero_is_a_warning(book: Book) -> None:
    book("buy", 1, 100, day=2)
    book("deposit", amount="100", day=30)
    (found,) = findings(book, "negative_cash")
    assert (found["severity"], found["end"]) == ("warning", "2024-02-01")


def test_spans_below_zero() -> None:
    days = [date(2024, 1, day) for day in range(1, 6)]
    changes = [(days[0], Decimal(5)), (days[1], Decimal(-7)), (days[2], Decimal(-1))]
    assert list(dips([*changes, (days[3], Decimal(3))])) == [(days[1], days[3], Decimal(-3))]
    assert list(dips(changes)) == [(days[1], None, Decimal(-3))]
    assert list(dips(changes[:1])) == []


def test_prices_that_are_old_or_missing(book: Book, apple: Instrument) -> None:
    make_quote(apple, last="100", occurred_at=timezone.now() - timedelta(days=6))
    assert [one["severity"] for one in findings(book, "stale_quote")] == ["warning"]
    make_instrument("DARK")
    book("buy", 1, 1, symbol="DARK", day=2)
    (found,) = findings(book, "no_price")
    assert (found["symbol"], found["severity"]) == ("DARK", "error")


def test_days_without_prices_and_a_price_unlike_its_neighbours(
    book: Book, apple: Instrument
) -> None:
    make_daily_bars(apple, [100, 10_000, 100], first_at=MIDNIGHT)
    make_daily_bars(apple, [100], first_at=MIDNIGHT + timedelta(days=30))
    (spike,) = findings(book, "price_spike")
    assert (spike["start"], spike["severity"]) == ("2024-01-03", "error")
    (gap,) = findings(book, "price_gap")
    assert (gap["start"], gap["end"]) == ("2024-01-04", "2024-02-01")


def test_a_currency_without_a_rate(book: Book) -> None:
    gold = make_instrument("GOLD")
    make_quote(gold, last="5", occurred_at=timezone.now())
    book("buy", 1, 5, symbol="GOLD", day=2)
    Instrument.objects.filter(id=gold.id).update(currency="XAU")
    found = findings(book, "missing_rate")
    assert [(one["currency"], one["severity"]) for one in found] == [("XAU", "error")]


def close_until_now(instrument: Instrument, since: datetime) -> None:
    days = (timezone.now() - since).days
    make_daily_bars(instrument, [100] * days, first_at=since)


def test_days_before_the_first_close_are_told(book: Book, apple: Instrument) -> None:
    close_until_now(apple, MIDNIGHT + timedelta(days=40))
    (found,) = findings(book, "unpriced_days")
    assert (found["symbol"], found["severity"]) == ("AAPL", "warning")
    assert (found["start"], found["end"]) == ("2024-01-03", "2024-02-10")
    assert book.performance(start="2024-02-12")["twr"] is not None


def test_days_without_a_close_that_leave_returns_untold_are_wrong(
    book: Book, apple: Instrument
) -> None:
    make_daily_bars(apple, [100] * 2, first_at=MIDNIGHT)
    close_until_now(apple, MIDNIGHT + timedelta(days=80))
    (found,) = findings(book, "unpriced_days")
    assert (found["start"], found["end"]) == ("2024-02-03", "2024-03-21")
    assert (found["severity"], book.performance()["twr"]) == ("warning", "0")
    book("deposit", amount="100", day=60)
    (found,) = findings(book, "unpriced_days")
    assert (found["severity"], book.performance()["reasons"]["twr"]) == ("error", "no_price")


def test_days_without_a_rate_are_told_by_currency(api: ApiClient, apple: Instrument) -> None:
    load_rates(USD="1.25")
    Instrument.objects.filter(id=apple.id).update(currency="EUR")
    close_until_now(apple, MIDNIGHT)
    book = Book(api)
    book("deposit", amount="1000", currency="EUR", day=0)  # stays in its currency
    book("buy", 1, 100, currency="EUR", day=5)
    EuroRate.objects.filter(on_date__lte="2024-03-20").delete()
    (found,) = findings(book, "unrated_days")
    assert (found["currency"], found["symbol"]) == ("EUR", None)
    assert (found["start"], found["end"]) == ("2024-01-02", "2024-03-20")
    assert (found["severity"], book.performance()["twr"]) == ("error", None)


def test_prices_held_back_are_told(book: Book) -> None:
    run = IngestionRun.objects.create(provider="file", source_name="prices.csv")
    QuarantinedRow.objects.create(
        run=run, line=2, code="spike", message="close was 10000", raw={"symbol": "AAPL"}
    )
    (found,) = findings(book, "waiting_price")
    assert found["message"] == "Kept out until it is confirmed: close was 10000"


def test_a_trace_of_units_and_what_never_settled(alice: User, apple: Instrument) -> None:
    from portfolio.quality.checks import quality_checks

    portfolio = make_tracked(alice)
    post(draft_trade(portfolio, apple, quantity="10"))  # never settled
    post(draft_trade(portfolio, apple, EntryKind.SELL, quantity="9.999999"))
    codes = {one.code: one for one in quality_checks(portfolio, at=timezone.now())}
    assert codes["dust"].symbol == "AAPL"
    assert LedgerBalance.objects.filter(portfolio=portfolio).exclude(to_receive=0).exists()
    assert codes["unsettled"].severity == "warning"


def test_the_page_groups_findings_and_mends_in_one_click(
    book: Book, alice: User, client: Client
) -> None:
    again = book("deposit", amount="1000", day=0)
    client.force_login(alice)
    path = f"/portfolios/{book.id}/health"
    assert "Perhaps recorded twice" in client.get(path).content.decode()
    mended = client.post(
        f"/portfolios/{book.id}/activities/{again['id']}/reversal", {"back": "health"}
    )
    assert mended["Location"] == path
    assert "Perhaps recorded twice" not in client.get(path).content.decode()


def test_every_finding_says_what_to_do_and_where(
    book: Book, alice: User, apple: Instrument, client: Client
) -> None:
    make_quote(apple, last="100", occurred_at=timezone.now() - timedelta(days=6))
    book("buy", "1.000001", 100, day=2)
    book("sell", 11, 100, day=40)
    dark = make_instrument("DARK")
    book("buy", 1, 1, symbol="DARK", day=41)
    Instrument.objects.filter(id=dark.id).update(currency="XAU")
    client.force_login(alice)
    page = client.get(f"/portfolios/{book.id}/health").content.decode()
    items = book.read("quality-checks")["items"]
    codes = {one["code"] for one in items}
    assert codes >= {"dust", "negative_cash", "missing_rate", "no_price", "stale_quote"}
    for one in items:
        assert one["advice"] in unescape(page), one["code"]
        assert f'href="{one["page"]}"' in unescape(page), one["code"]
        assert client.get(one["page"]).status_code == 200, one["code"]


def test_the_form_starts_with_what_mends_it(book: Book, alice: User, client: Client) -> None:
    book("buy", "1.000001", 100, day=2)
    book("sell", 11, 100, day=40)
    (found,) = findings(book, "dust")
    client.force_login(alice)
    form = client.get(found["page"]).context["form"]
    assert {name: form[name].value() for name in ("kind", "symbol", "quantity")} == {
        "kind": "adjustment",
        "symbol": "AAPL",
        "quantity": "-0.000001",
    }


def test_every_code_has_advice() -> None:
    assert set(ADVICE) == set(TITLES)


def test_the_number_of_queries_does_not_grow(
    book: Book, django_assert_max_num_queries: Any
) -> None:
    from portfolio.quality.checks import quality_checks

    for number in range(5):
        make_quote(make_instrument(f"N{number}"), last="1")
        book("buy", 1, 1, symbol=f"N{number}", day=2)
    portfolio = Portfolio.objects.get(id=book.id)
    freshen(portfolio, through_date=timezone.now().date() - timedelta(days=1))
    with django_assert_max_num_queries(20):
        quality_checks(portfolio, at=timezone.now())
