"""Tiki's minutes from a Tiki on this machine, by the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pytest_django import Settings

from config.limits import LIMITS
from integrations.http import Answer
from integrations.providers.tiki.bars import TikiBars
from market.intake.bar_providers import (
    BadAnswer,
    ProvidedBar,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from market.intake.collection import collect, request_run
from market.models import Bar, IngestionRun, Instrument
from tests.market.factories import make_instrument
from tests.support.serving import serving

SINCE = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)  # nine in the morning there
MINUTE = timedelta(minutes=1)


def candle(at: datetime, **changes: Any) -> dict[str, Any]:
    prices = {"open": 10.1, "high": "10.5", "low": 10, "close": 10.25, "volume": 7}
    return {"time": int(at.timestamp()), **prices, **changes}


@dataclass
class Vendor:
    """Has a candle for each minute but the absent; answers as told first."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    absent: set[datetime] = field(default_factory=set)
    speaks: Event = field(default_factory=Event)

    def candles(self, query: dict[str, str]) -> bytes:
        at, last = (
            datetime.strptime(query[name], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            - timedelta(hours=7)
            for name in ("time_from", "time_to")
        )
        found = []
        while at <= last:
            if at not in self.absent:
                found.append(candle(at))
            at += MINUTE
        return json.dumps(found).encode()


@pytest.fixture
def vendor(settings: Settings) -> Iterator[Vendor]:
    vendor = Vendor()
    vendor.speaks.set()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            vendor.speaks.wait(10)
            query = dict(parse_qsl(urlsplit(self.path).query))
            vendor.asked.append(query)
            status, headers, body = (
                vendor.answers.pop(0) if vendor.answers else (200, {}, vendor.candles(query))
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    vendor.url = settings.TIKI_URL = f"http://127.0.0.1:{server.server_port}/candles"
    with serving(server):
        yield vendor
        vendor.speaks.set()


def ask(minutes: int = 3) -> list[ProvidedBar]:
    pages = TikiBars().bars(Instrument(symbol="ASA"), since=SINCE, until=SINCE + minutes * MINUTE)
    return [bar for page in pages for bar in page]


def test_minutes_are_asked_for_in_local_time_and_read_exactly(vendor: Vendor) -> None:
    bars = ask()
    assert vendor.asked == [
        {
            "symbol": "ASA",
            "period": "1",
            "time_from": "2026-01-05 09:00:00",
            "time_to": "2026-01-05 09:02:00",
        }
    ]
    assert [bar.opened_at for bar in bars] == [SINCE, SINCE + MINUTE, SINCE + 2 * MINUTE]
    assert (bars[0].open, bars[0].close) == (Decimal("10.1"), Decimal("10.25"))


def test_a_long_span_is_asked_for_page_by_page_with_no_minute_twice(vendor: Vendor) -> None:
    bars = ask(2_500)
    assert len(vendor.asked) == 3
    assert [bar.opened_at for bar in bars] == [SINCE + n * MINUTE for n in range(2_500)]


def test_minutes_without_a_trade_are_absent(vendor: Vendor) -> None:
    vendor.absent = {SINCE + MINUTE}
    assert [bar.opened_at for bar in ask()] == [SINCE, SINCE + 2 * MINUTE]


def test_local_times_in_answers_are_understood(vendor: Vendor) -> None:
    page = json.dumps([candle(SINCE, time="2026-01-05 09:00:00")]).encode()
    vendor.answers = [(200, {}, page)]
    assert ask()[0].opened_at == SINCE


@pytest.mark.parametrize(
    ("header", "seconds"), [("90", 90), ("0", 1), ("999999", 3600), ("soon", 60), (None, 60)]
)
def test_a_busy_vendor_says_how_long(vendor: Vendor, header: str | None, seconds: int) -> None:
    vendor.answers = [(429, {"Retry-After": header} if header else {}, b"")]
    with pytest.raises(ProviderBusy) as caught:
        ask()
    assert caught.value.retry_after_seconds == seconds


def test_a_date_to_wait_for_is_understood() -> None:
    answer = Answer(429, {"Retry-After": "Mon, 05 Jan 2026 02:01:30 GMT"}, b"")
    assert answer.retry_after_seconds(now=SINCE.timestamp()) == 90


@pytest.mark.parametrize("status", [302, 500, 502, 503])
def test_a_vendor_that_is_not_well_is_unavailable(vendor: Vendor, status: int) -> None:
    vendor.answers = [(status, {"Location": vendor.url}, b"")]
    with pytest.raises(ProviderUnavailable, match=str(status)):
        ask()
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"candles": []}',
        b"[1]",
        b'["x"]',
        json.dumps([{"t": 1, "o": 2}]).encode(),
        json.dumps([candle(SINCE, close=None)]).encode(),
        json.dumps([candle(SINCE, close="ten")]).encode(),
        json.dumps([candle(SINCE, time="yesterday")]).encode(),
        json.dumps([candle(SINCE, time=10**30)]).encode(),
    ],
)
def test_garbage_and_changed_fields_are_a_bad_answer(vendor: Vendor, body: bytes) -> None:
    vendor.answers = [(200, {}, body)]
    with pytest.raises(BadAnswer):
        ask()


def test_what_it_does_not_know_is_a_bad_answer(vendor: Vendor) -> None:
    vendor.answers = [(404, {}, b"")]
    with pytest.raises(BadAnswer, match="404 to ASA"):
        ask()


def test_a_silent_vendor_is_not_waited_for(vendor: Vendor, settings: Settings) -> None:
    settings.LIMITS = replace(LIMITS, provider_answer_seconds=1)
    vendor.speaks.clear()
    with pytest.raises(ProviderUnavailable):
        ask()


def _run(at: datetime) -> IngestionRun:
    asked_for = request_run("tiki", requested_by_id=None, requested_at=at)
    return collect(asked_for.id, clock=lambda: at)


@pytest.mark.django_db
def test_a_night_of_tokens_is_collected_without_a_gap(vendor: Vendor, settings: Settings) -> None:
    settings.PRICE_PROVIDERS = {"tiki": "integrations.providers.tiki.bars.TikiBars"}
    settings.PRICE_CHAINS = {"*": ["tiki"]}
    settings.LIMITS = replace(LIMITS, collection_days=1)
    token = make_instrument("ASA", mic="TIKI", currency="VND")
    saturday = datetime(2026, 1, 3, 17, 30, tzinfo=UTC)  # Sunday, half past midnight there
    first = _run(saturday)
    day = settings.LIMITS.collection_days * 24 * 60
    assert (first.status, first.rows_written, first.error) == ("completed", day, "")
    assert vendor.asked[-1]["time_to"] == "2026-01-04 00:29:00"
    again = _run(saturday + 5 * MINUTE)
    assert (again.rows_written, again.rows_unchanged) == (5, 0)
    assert vendor.asked[-1]["time_from"] == "2026-01-04 00:30:00"
    # A day there is a bar of a day here, from its own midnight on.
    (whole_day,) = Bar.objects.filter(instrument=token, interval="1d")
    assert whole_day.opened_at == datetime(2026, 1, 2, 17, tzinfo=UTC)


@pytest.mark.django_db
def test_minutes_that_tiki_lacked_at_night_are_asked_for_the_day_after(
    vendor: Vendor, settings: Settings
) -> None:
    settings.PRICE_PROVIDERS = {"tiki": "integrations.providers.tiki.bars.TikiBars"}
    settings.PRICE_CHAINS = {"*": ["tiki"]}
    settings.LIMITS = replace(LIMITS, collection_days=2)
    make_instrument("ASA", mic="TIKI", currency="VND")
    now = datetime(2026, 1, 3, 17, 30, tzinfo=UTC)
    lacking = {now - number * MINUTE for number in (20, 21, 22)}
    vendor.absent |= lacking
    _run(now)
    vendor.absent.clear()
    _run(now + timedelta(days=1))
    assert Bar.objects.filter(interval="1m", opened_at__in=lacking).count() == 3


def test_an_answer_may_be_as_long_as_the_limit(vendor: Vendor, settings: Settings) -> None:
    body = json.dumps([candle(SINCE)]).encode()
    vendor.answers = [(200, {}, body), (200, {}, body)]
    settings.LIMITS = replace(LIMITS, provider_answer_bytes=len(body))
    assert len(ask()) == 1
    settings.LIMITS = replace(LIMITS, provider_answer_bytes=len(body) - 1)
    with pytest.raises(ProviderUnavailable, match="longer"):
        ask()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "file:///etc/passwd", ""])
def test_a_vendor_that_is_away_is_unavailable(settings: Settings, url: str) -> None:
    settings.TIKI_URL = url
    with pytest.raises(ProviderError):
        ask()
