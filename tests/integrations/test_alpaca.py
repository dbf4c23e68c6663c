"""Alpaca's minutes from an Alpaca on this machine, by the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from config.limits import LIMITS
from integrations.providers.alpaca.bars import AlpacaBars
from market.intake.bar_providers import (
    BadAnswer,
    ProvidedBar,
    ProviderBusy,
    ProviderUnavailable,
)
from market.models import Exchange, Instrument
from tests.integrations.fake_alpaca import FakeAlpaca, bar, running

SINCE = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alpaca(settings: Settings) -> Iterator[FakeAlpaca]:
    settings.ALPACA_DATA_KEY, settings.ALPACA_DATA_SECRET = "id", "secret"
    with running(FakeAlpaca()) as fake:
        settings.ALPACA_DATA_URL = fake.url
        yield fake


def ask(
    minutes: int = 3, *, symbol: str = "AAPL", mic: str = "XNAS", own: str = ""
) -> list[ProvidedBar]:
    stock = Instrument(symbol=symbol, exchange_id=mic, provider_symbols=own)
    pages = AlpacaBars().bars(stock, since=SINCE, until=SINCE + minutes * MINUTE)
    return [bar for page in pages for bar in page]


def page(*bars: Any, token: Any = None, symbol: str = "AAPL") -> tuple[int, dict[str, str], bytes]:
    body = {"bars": {symbol: list(bars)}, "next_page_token": token}
    return 200, {}, json.dumps(body).encode()


def test_minutes_are_asked_for_with_splits_in_and_read_exactly(alpaca: FakeAlpaca) -> None:
    bars = ask()
    assert alpaca.asked == [
        {
            "symbols": "AAPL",
            "timeframe": "1Min",
            "start": "2026-01-05T14:30:00Z",
            "end": "2026-01-05T14:32:00Z",
            "limit": "10000",
            "adjustment": "split",
            "sort": "asc",
            "feed": "iex",
        }
    ]
    assert alpaca.keys == [("id", "secret")]
    assert [bar.opened_at for bar in bars] == [SINCE, SINCE + MINUTE, SINCE + 2 * MINUTE]
    first = bars[0]
    assert (first.open, first.close, first.volume) == (
        Decimal("10.1"),
        Decimal("10.25"),
        Decimal(7),
    )
    assert first.currency == "USD"


def test_days_are_the_exchanges_with_splits_in(alpaca: FakeAlpaca) -> None:
    exchange = Exchange(mic="XNAS", timezone="America/New_York")
    stock = Instrument(symbol="AAPL", exchange=exchange)
    at = datetime(2026, 1, 5, 5, tzinfo=UTC)
    bars = [bar(at + timedelta(days=n, hours=n)) for n in (-1, 0, 1, 2)]
    alpaca.answers = [page(*bars[:2], token="2"), page(*bars[2:])]
    days = AlpacaBars().days(stock, since=date(2026, 1, 5), until=date(2026, 1, 6))
    assert [day.opened_at for day in days] == [at, at + timedelta(days=1)]
    first = alpaca.asked[0]
    assert (first["timeframe"], first["adjustment"]) == ("1Day", "split")
    assert (first["start"], first["end"]) == ("2026-01-05", "2026-01-06")


def test_the_feed_is_the_operators(alpaca: FakeAlpaca, settings: Settings) -> None:
    settings.ALPACA_DATA_FEED = "sip"
    ask()
    assert alpaca.asked[0]["feed"] == "sip"


def test_pages_are_followed_to_the_last_with_no_minute_twice(alpaca: FakeAlpaca) -> None:
    alpaca.page_bars = 400
    bars = ask(1_000)
    assert [query.get("page_token") for query in alpaca.asked] == [None, "400", "800"]
    assert [bar.opened_at for bar in bars] == [SINCE + n * MINUTE for n in range(1_000)]


def test_a_page_that_fails_keeps_what_came_before(alpaca: FakeAlpaca) -> None:
    alpaca.answers = [page(bar(SINCE), token="1"), (500, {}, b"")]
    pages = AlpacaBars().bars(
        Instrument(symbol="AAPL", exchange_id="XNAS"), since=SINCE, until=SINCE + 9 * MINUTE
    )
    assert len(next(pages)) == 1
    with pytest.raises(ProviderUnavailable, match="500"):
        next(pages)


def test_minutes_without_a_trade_are_absent(alpaca: FakeAlpaca) -> None:
    alpaca.absent = {SINCE + MINUTE}
    assert [bar.opened_at for bar in ask()] == [SINCE, SINCE + 2 * MINUTE]
    alpaca.answers = [(200, {}, b'{"bars": {}, "next_page_token": null}')]
    assert ask() == []
    alpaca.answers = [(200, {}, b'{"bars": null, "next_page_token": null}')]
    assert ask() == []


def test_a_page_that_leads_to_itself_is_left(alpaca: FakeAlpaca) -> None:
    alpaca.answers = [page(bar(SINCE), token="x"), page(bar(SINCE), token="x")]
    with pytest.raises(BadAnswer, match="same page"):
        ask()


def test_pages_without_end_are_left(alpaca: FakeAlpaca, settings: Settings) -> None:
    settings.LIMITS = replace(LIMITS, provider_pages=3)
    alpaca.page_bars = 1
    assert len(ask(3)) == 3
    with pytest.raises(BadAnswer, match="more than 3 pages"):
        ask(4)


@pytest.mark.parametrize(
    ("header", "seconds"), [("90", 90), ("0", 1), ("999999", 3600), ("soon", 60), (None, 60)]
)
def test_a_busy_vendor_says_how_long(alpaca: FakeAlpaca, header: str | None, seconds: int) -> None:
    alpaca.answers = [(429, {"Retry-After": header} if header else {}, b"")]
    with pytest.raises(ProviderBusy) as caught:
        ask()
    assert caught.value.retry_after_seconds == seconds


@pytest.mark.parametrize("status", [302, 401, 403, 500, 502, 504])
def test_a_vendor_that_is_not_well_or_lets_nobody_in_is_unavailable(
    alpaca: FakeAlpaca, status: int
) -> None:
    alpaca.answers = [(status, {"Location": alpaca.url}, b"")]
    with pytest.raises(ProviderUnavailable, match=str(status)):
        ask()
    assert len(alpaca.asked) == 1


@pytest.mark.parametrize("status", [400, 404, 422])
def test_what_it_does_not_know_is_a_bad_answer(alpaca: FakeAlpaca, status: int) -> None:
    alpaca.answers = [(status, {}, b'{"message": "invalid symbol"}')]
    with pytest.raises(BadAnswer, match=f"{status} to AAPL"):
        ask()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"bars": []}',
        b'{"bars": {"AAPL": {}}, "next_page_token": null}',
        b'{"bars": {"AAPL": [1]}, "next_page_token": null}',
        b'{"bars": {"AAPL": []}}',
        b'{"bars": {"AAPL": []}, "next_page_token": 7}',
        page({"time": 1, "open": 2})[2],
        page(bar(SINCE, c=None))[2],
        page(bar(SINCE, c="ten"))[2],
        page(bar(SINCE, t="yesterday"))[2],
        page(bar(SINCE, t="2026-01-05T14:30:00"))[2],
        page(bar(SINCE, t=1_767_623_400))[2],
    ],
)
def test_garbage_and_changed_fields_are_a_bad_answer(alpaca: FakeAlpaca, body: bytes) -> None:
    alpaca.answers = [(200, {}, body)]
    with pytest.raises(BadAnswer):
        ask()


def test_a_silent_vendor_is_not_waited_for(alpaca: FakeAlpaca, settings: Settings) -> None:
    settings.LIMITS = replace(LIMITS, provider_answer_seconds=1)
    alpaca.speaks.clear()
    with pytest.raises(ProviderUnavailable):
        ask()


def test_without_a_key_nobody_is_asked(alpaca: FakeAlpaca, settings: Settings) -> None:
    settings.ALPACA_DATA_SECRET = ""
    with pytest.raises(ProviderUnavailable, match="ALPACA_DATA_KEY"):
        ask()
    assert alpaca.asked == []


def test_symbols_are_those_of_alpaca(alpaca: FakeAlpaca) -> None:
    ask(symbol="BRK.B", mic="XNYS")
    ask(symbol="BRK_B", mic="XNYS", own="yahoo=BRK-B alpaca=BRK.B")
    assert [query["symbols"] for query in alpaca.asked] == ["BRK.B", "BRK.B"]
    with pytest.raises(BadAnswer, match="XLON"):
        ask(symbol="BP.", mic="XLON")
    assert len(alpaca.asked) == 2
