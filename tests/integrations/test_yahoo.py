"""Yahoo's prices from a Yahoo on this machine, by the real library over real TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from pytest_django import Settings
from yfinance import cache
from yfinance.data import SingletonMeta

from config.limits import LIMITS
from integrations.providers.yahoo import client
from integrations.providers.yahoo.bars import YahooBars
from integrations.providers.yahoo.client import YahooSession
from integrations.providers.yahoo.parsing import exact
from integrations.providers.yahoo.symbols import SUFFIXES, NoSuffix, symbol_there
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.intake.bar_providers import (
    BadAnswer,
    ProvidedBar,
    ProviderBusy,
    ProviderUnavailable,
)
from market.models import Exchange, Instrument
from market.values import plain
from tests.integrations.fake_yahoo import FakeYahoo, make_certificate, refusal, running, way_to

OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("yahoo"))


@pytest.fixture
def yahoo(
    certificate: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeYahoo]:
    settings.HOLDFAST_DATA = tmp_path
    # Each test is a new process to the library.
    monkeypatch.setattr(SingletonMeta, "_instances", {})
    monkeypatch.setattr(cache._CookieCacheManager, "_Cookie_cache", None)
    monkeypatch.setattr(cache._TzCacheManager, "_tz_cache", None)
    client.prepare.cache_clear()
    with running(FakeYahoo(opens_at=int(OPEN.timestamp())), certificate) as fake:
        yield fake
    client.prepare.cache_clear()


@pytest.fixture
def session(yahoo: FakeYahoo, certificate: Path) -> Iterator[YahooSession]:
    """The real client, led to this machine; that it is Yahoo it checks by the certificate."""
    session = YahooSession(verify=str(certificate), curl_options=way_to(yahoo))
    yield session
    session.close()


def ask(
    session: YahooSession, minutes: int = 3, *, instrument: Instrument | None = None
) -> list[ProvidedBar]:
    stock = instrument or Instrument(symbol="AAPL", exchange_id="XNAS", currency="USD")
    pages = YahooBars(session).bars(stock, since=OPEN, until=OPEN + minutes * MINUTE)
    return [bar for page in pages for bar in page]


def test_minutes_are_read_as_they_were_meant(yahoo: FakeYahoo, session: YahooSession) -> None:
    bars = ask(session)
    assert [bar.opened_at for bar in bars] == [OPEN, OPEN + MINUTE, OPEN + 2 * MINUTE]
    assert (bars[0].close, bars[0].high, bars[0].volume) == (
        Decimal("150.03"),
        Decimal("151.03"),
        Decimal(7),
    )
    assert bars[0].currency == "USD"
    ((symbol, query),) = yahoo.charts
    assert (symbol, query["interval"], query["crumb"]) == ("AAPL", "1m", "crumb")
    assert int(query["period1"]) == yahoo.opens_at


def test_a_long_span_is_asked_for_page_by_page_and_no_minute_comes_twice(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    yahoo.minutes = 11 * 24 * 60
    stock = Instrument(symbol="AAPL", exchange_id="XNAS", currency="USD")
    until = OPEN + timedelta(days=11)
    pages = list(YahooBars(session).bars(stock, since=OPEN, until=until))
    edges = [OPEN + timedelta(days=days) for days in (0, 5, 10, 11)]
    asked = [(int(query["period1"]), int(query["period2"])) for _, query in yahoo.charts]
    moments = [int(edge.timestamp()) for edge in edges]
    assert asked == list(pairwise(moments))
    assert [page[0].opened_at for page in pages] == edges[:-1]
    bars = [bar.opened_at for page in pages for bar in page]
    assert bars == [OPEN + n * MINUTE for n in range(11 * 24 * 60)]


def test_a_page_without_prices_is_passed_over(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.minutes = 11 * 24 * 60
    yahoo.answers = [refusal(400, "Data doesn't exist for startDate = 1, endDate = 2")]
    stock = Instrument(symbol="AAPL", exchange_id="XNAS", currency="USD")
    pages = list(YahooBars(session).bars(stock, since=OPEN, until=OPEN + timedelta(days=11)))
    assert [page[0].opened_at for page in pages] == [OPEN + timedelta(days=n) for n in (5, 10)]


def test_the_pages_before_a_failure_are_given_first(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    yahoo.minutes = 11 * 24 * 60
    stock = Instrument(symbol="AAPL", exchange_id="XNAS", currency="USD")
    pages = YahooBars(session).bars(stock, since=OPEN, until=OPEN + timedelta(days=11))
    assert next(pages)[0].opened_at == OPEN
    yahoo.answers = [(429, {"Retry-After": "7"}, b"")]
    with pytest.raises(ProviderBusy):
        next(pages)


def test_dividends_and_splits_are_per_share_of_their_day(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    at = [yahoo.opens_at + n * 86_400 for n in range(4)]
    yahoo.events = {
        "dividends": {
            str(at[0]): {"amount": 0.1925, "date": at[0]},
            str(at[3]): {"amount": 0.20499999821186066, "date": at[3]},
        },
        "splits": {
            str(at[1]): {"date": at[1], "numerator": 4, "denominator": 1, "splitRatio": "4:1"},
            str(at[2]): {"date": at[2], "numerator": 1, "denominator": 10, "splitRatio": "1:10"},
        },
    }
    exchange = Exchange(mic="XNAS", timezone="America/New_York")
    stock = Instrument(symbol="AAPL", exchange=exchange, currency="USD")
    found = YahooBars(session).actions(stock, since=date(2026, 1, 5), until=date(2026, 1, 9))
    assert [(one.ex_date.day, one.kind.value, one.words) for one in found] == [
        (5, "dividend", "0.077 USD"),  # 0.1925 of shares of now; four for one, then one for ten
        (6, "split", "4 for 1"),
        (7, "split", "1 for 10"),
        (8, "dividend", "0.205 USD"),
    ]
    yahoo.answers = [refusal(400, "Data doesn't exist for startDate = 1, endDate = 2")]
    assert YahooBars(session).actions(stock, since=date(2026, 1, 5), until=date(2026, 1, 5)) == []


def test_dividends_in_pence_are_pounds_of_an_instrument_in_pounds(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    yahoo.currency, yahoo.zone = "GBp", "Europe/London"
    event = {"amount": 24.5, "date": yahoo.opens_at}
    yahoo.events = {"dividends": {str(yahoo.opens_at): event}}
    exchange = Exchange(mic="XLON", timezone="Europe/London")
    for ours, words in (("GBP", "0.245 GBP"), ("GBX", "24.5 GBX"), ("EUR", "24.5 GBX")):
        stock = Instrument(symbol="BP.", exchange=exchange, exchange_id="XLON", currency=ours)
        (found,) = YahooBars(session).actions(stock, since=date(2026, 1, 5), until=date(2026, 1, 5))
        assert found.words == words


@pytest.mark.parametrize("wrong", [{"amount": "much"}, {"amount": None}, {}])
def test_a_dividend_that_cannot_be_read_is_a_bad_answer(
    yahoo: FakeYahoo, session: YahooSession, wrong: dict[str, object]
) -> None:
    yahoo.events = {"dividends": {str(yahoo.opens_at): wrong | {"date": yahoo.opens_at}}}
    exchange = Exchange(mic="XNAS", timezone="America/New_York")
    stock = Instrument(symbol="AAPL", exchange=exchange, currency="USD")
    with pytest.raises(BadAnswer):
        YahooBars(session).actions(stock, since=date(2026, 1, 5), until=date(2026, 1, 5))


def test_days_are_those_of_the_exchange_with_dividends_in(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    exchange = Exchange(mic="XNAS", timezone="America/New_York")
    stock = Instrument(symbol="AAPL", exchange=exchange, currency="USD")
    days = YahooBars(session).days(stock, since=date(2026, 1, 5), until=date(2026, 1, 7))
    midnight = datetime(2026, 1, 5, 5, tzinfo=UTC)
    assert [day.opened_at for day in days] == [midnight + timedelta(days=n) for n in range(3)]
    assert (days[0].close, days[0].volume) == (Decimal("150.03"), Decimal(7))
    assert yahoo.charts[-1][1]["interval"] == "1d"
    yahoo.answers = [refusal(400, "Data doesn't exist for startDate = 1, endDate = 2")]
    assert YahooBars(session).days(stock, since=date(2026, 1, 5), until=date(2026, 1, 7)) == []


def test_nothing_lies_outside_the_data_folder(session: YahooSession, tmp_path: Path) -> None:
    ask(session)
    assert {path.name for path in (tmp_path / "yahoo").iterdir()} >= {"cookies.db", "tkr-tz.db"}


def test_minutes_with_nulls_are_absent(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.absent = {yahoo.opens_at + 60}
    assert [bar.opened_at for bar in ask(session)] == [OPEN, OPEN + 2 * MINUTE]


def test_the_same_question_is_asked_anew(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.absent = {yahoo.opens_at}
    assert len(ask(session)) == 2
    yahoo.absent = set()
    assert len(ask(session)) == 3


def test_a_span_without_prices_is_empty(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.minutes = 0
    assert ask(session) == []
    ask(session)  # its time zone is known
    yahoo.answers = [refusal(400, "Data doesn't exist for startDate = 1, endDate = 2")]
    assert ask(session) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("GBX", "GBp", "150.03 GBX"),
        ("GBP", "GBp", "1.5003 GBP"),
        ("GBX", "GBP", "15003 GBX"),
        ("ZAR", "ZAc", "1.5003 ZAR"),
        ("USD", "EUR", "150.03 EUR"),
    ],
)
def test_hundredths_are_told_from_pounds(
    yahoo: FakeYahoo, session: YahooSession, ours: str, theirs: str, expected: str
) -> None:
    yahoo.currency = theirs
    stock = Instrument(symbol="BP.", exchange_id="XLON", currency=ours)
    bar = ask(session, 1, instrument=stock)[0]
    assert f"{plain(bar.close)} {bar.currency}" == expected
    assert yahoo.charts[0][0] == "BP.L"


@pytest.mark.parametrize(("header", "seconds"), [("90", 90), (None, 60)])
def test_a_busy_vendor_is_asked_once_and_says_how_long(
    yahoo: FakeYahoo, session: YahooSession, header: str | None, seconds: int
) -> None:
    yahoo.answers = [(429, {"Retry-After": header} if header else {}, b"Too Many Requests")]
    with pytest.raises(ProviderBusy) as caught:
        ask(session)
    assert caught.value.retry_after_seconds == seconds
    assert len(yahoo.asked) == 3  # a cookie, a crumb, a chart


def test_a_refused_crumb_is_a_busy_vendor_too(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.crumb_status = 429
    with pytest.raises(ProviderBusy):
        ask(session)


@pytest.mark.parametrize("status", [403, 500, 502, 503])
def test_a_vendor_that_is_not_well_is_unavailable(
    yahoo: FakeYahoo, session: YahooSession, status: int
) -> None:
    yahoo.answers = [(status, {}, b"<html>")]
    with pytest.raises(ProviderUnavailable, match=str(status)):
        ask(session)
    assert len(yahoo.asked) == 3


def test_a_redirect_is_not_followed(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.answers = [(302, {"Location": "https://fc.yahoo.com/elsewhere"}, b"")]
    with pytest.raises(BadAnswer, match="302"):
        ask(session)
    assert "/elsewhere" not in [path for path, _ in yahoo.asked]


def test_what_it_does_not_know_is_a_bad_answer(yahoo: FakeYahoo, session: YahooSession) -> None:
    yahoo.answers = [refusal(404, "No data found, symbol may be delisted")]
    with pytest.raises(BadAnswer, match="404 to AAPL"):
        ask(session)
    assert len(yahoo.asked) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"chart": null}',
        b'{"chart": {"result": [], "error": null}}',
        b'{"chart": {"result": [{}], "error": null}}',
        b'{"chart": {"result": [{"meta": {}, "indicators": {}}], "error": null}}',
        b"Will be right back",
    ],
)
def test_garbage_is_a_bad_answer(yahoo: FakeYahoo, session: YahooSession, body: bytes) -> None:
    ask(session)  # its time zone is known, so that the next answer is to the question
    yahoo.answers = [(200, {}, body)]
    with pytest.raises(BadAnswer):
        ask(session)


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": None},
        {"timestamp": ["soon"]},
        {"indicators": {"quote": [{"open": [1.0]}]}},
        {"indicators": {"quote": [{"open": [1.0], "high": [2.0]}]}},
        {"meta": {"exchangeTimezoneName": "America/New_York"}},
        {"meta": {}},
    ],
)
def test_changed_fields_are_a_bad_answer(
    yahoo: FakeYahoo, session: YahooSession, changes: dict[str, object]
) -> None:
    ask(session)
    yahoo.changes = changes
    with pytest.raises(BadAnswer):
        ask(session)


def test_a_price_that_is_partly_null_comes_as_it_is(
    yahoo: FakeYahoo, session: YahooSession
) -> None:
    """It is for the door to refuse, where everybody can see it."""
    prices = {name: [10.0] for name in ("open", "high", "low")}
    quote = prices | {"close": [None], "volume": [1]}
    yahoo.changes = {"timestamp": [yahoo.opens_at], "indicators": {"quote": [quote]}}
    assert ask(session)[0].close.is_nan()


def test_a_silent_vendor_is_not_waited_for(
    yahoo: FakeYahoo, session: YahooSession, settings: Settings
) -> None:
    ask(session)
    settings.LIMITS = replace(LIMITS, provider_answer_seconds=1)
    yahoo.speaks.clear()
    with pytest.raises(ProviderUnavailable):
        ask(session)


def test_an_answer_may_be_as_long_as_the_limit(
    yahoo: FakeYahoo, certificate: Path, settings: Settings
) -> None:
    body = yahoo.chart({"interval": "1m", "period1": str(yahoo.opens_at), "period2": "9" * 10})
    for size, is_taken in ((len(body), True), (len(body) - 1, False)):
        settings.LIMITS = replace(LIMITS, provider_answer_bytes=size)
        session = YahooSession(verify=str(certificate), curl_options=way_to(yahoo))
        if is_taken:
            assert len(ask(session, 390)) == 390
        else:
            with pytest.raises(ProviderUnavailable):
                ask(session, 390)
        session.close()


def test_who_cannot_show_that_he_is_yahoo_is_not_believed(yahoo: FakeYahoo) -> None:
    session = YahooSession(curl_options=way_to(yahoo))
    with pytest.raises(ProviderUnavailable):
        ask(session)
    session.close()
    assert yahoo.asked == []


@pytest.mark.parametrize(
    ("symbol", "mic", "own", "there"),
    [
        ("AAPL", "XNAS", "", "AAPL"),
        ("BRK.B", "XNYS", "", "BRK-B"),
        ("BP.", "XLON", "", "BP.L"),
        ("BT.A", "XLON", "", "BT-A.L"),
        ("5", "XHKG", "", "0005.HK"),
        ("7203", "XTKS", "", "7203.T"),
        ("SAP", "XETR", "yahoo=SAP.F alpaca=SAP", "SAP.F"),
        ("BTC-USD", "CRYP", "", "BTC-USD"),
    ],
)
def test_symbols_are_those_of_yahoo(symbol: str, mic: str, own: str, there: str) -> None:
    assert symbol_there(symbol, mic=mic, provider_symbols=own) == there


def test_every_exchange_we_know_has_a_suffix() -> None:
    assert set(SUFFIXES) == set(KNOWN_EXCHANGES) - {"TIKI"}
    with pytest.raises(NoSuffix):
        symbol_there("A", mic="XXXX", provider_symbols="")


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (150.02999877929688, "150.03"),
        (1234.56005859375, "1234.56"),
        (743210.27, "743210.27"),
        (0.12340000271797180, "0.1234"),
        (1e-9, "0"),
        (2.0, "2"),
    ],
)
def test_single_precision_is_undone(number: float, meant: str) -> None:
    assert exact(number) == Decimal(meant)
