"""Alpaca's stream from an Alpaca on this machine, by the real client: prices, refusals, faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from pytest_django import Settings

from config.limits import LIMITS
from integrations.http import AddressRefused
from integrations.providers.alpaca import live, stream
from integrations.providers.alpaca.live import AlpacaLive
from integrations.web_sockets import open_web_socket
from market.intake.providers import ListedInstrument, PriceBatch
from market.values import QuoteValue, TickValue
from tests.integrations.fake_alpaca import FakeAlpaca, running
from tests.integrations.fake_alpaca_stream import FakeAlpacaStream, streaming

AT = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SECONDS = 20


@pytest.fixture
def rest(settings: Settings) -> Iterator[FakeAlpaca]:
    """What it answers of newest trades and quotes."""
    with running(FakeAlpaca()) as fake:
        settings.ALPACA_DATA_URL = fake.url
        yield fake


@pytest.fixture
def alpaca(
    rest: FakeAlpaca, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeAlpacaStream]:
    monkeypatch.setattr(stream, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(stream, "LONGEST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(live, "BATCH_SECONDS", 0.01)
    monkeypatch.setattr(live, "STOP_SECONDS", 1)
    settings.ALPACA_DATA_KEY, settings.ALPACA_DATA_SECRET = "id", "secret"
    with streaming(FakeAlpacaStream()) as fake:
        settings.ALPACA_STREAM_URL = fake.url
        yield fake


def listed(number: int, symbol: str, *, mic: str = "XNAS", own: str = "") -> ListedInstrument:
    return ListedInstrument(
        instrument_id=number,
        symbol=symbol,
        mic=mic,
        timezone="America/New_York",
        currency="USD",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        previous_close=Decimal(9),
        provider_symbols=own,
    )


class Feed:
    """A provider at work, and what it has brought."""

    def __init__(self) -> None:
        self.provider = AlpacaLive()
        self.provider.watch([listed(1, "AAPL"), listed(2, "MSFT"), listed(3, "BP.", mic="XLON")])
        self.batches: list[PriceBatch] = []
        self.stop = Event()
        self.is_taking = Event()
        self.is_taking.set()
        self.thread = Thread(target=self._work)

    def _work(self) -> None:
        for batch in self.provider.batches(self.stop):
            self.batches.append(batch)
            self.is_taking.wait(SECONDS)

    @property
    def ticks(self) -> list[TickValue]:
        return [tick for batch in self.batches for tick in batch.ticks]

    def quote(self, number: int = 1) -> QuoteValue | None:
        quotes = [
            quote
            for batch in self.batches
            for quote in batch.quotes
            if quote.instrument_id == number
        ]
        return quotes[-1] if quotes else None


@contextmanager
def feeding() -> Iterator[Feed]:
    feed = Feed()
    feed.thread.start()
    try:
        yield feed
    finally:
        feed.stop.set()
        feed.is_taking.set()
        feed.thread.join(SECONDS)
    assert not feed.thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def trade(
    number: int = 1, symbol: str = "AAPL", price: Any = 150.03, **more: Any
) -> dict[str, Any]:
    moment = (AT + timedelta(seconds=number)).isoformat().replace("+00:00", ".123456789Z")
    return {"T": "t", "S": symbol, "x": "V", "i": number, "p": price, "s": 5, "t": moment} | more


def quote(symbol: str = "AAPL", **more: Any) -> dict[str, Any]:
    sides = {"bp": 150.02, "bs": 3, "ap": 150.04, "as": 4}
    return {"T": "q", "S": symbol, "t": "2026-01-05T14:30:09Z", **sides} | more


def test_trades_and_quotes_arrive_exactly(alpaca: FakeAlpacaStream) -> None:
    with feeding() as feed:
        until(lambda: alpaca.subscribed == {"AAPL", "MSFT"})  # London is not its
        alpaca.say(trade(1), quote(), {"T": "b", "S": "AAPL"}, trade(2, "MSFT", price=10))
        until(lambda: len(feed.ticks) == 2 and feed.quote(1) and feed.quote(2))
        first, second = feed.ticks
        assert (first.price, first.size) == (Decimal("150.03"), Decimal(5))
        assert first.source == "alpaca"
        assert (first.provider_tick_id, first.occurred_at.microsecond) == ("V1", 123_456)
        assert second.instrument_id == 2
        found = feed.quote()
        assert found is not None
        assert (found.last, found.bid, found.bid_size) == (
            Decimal("150.03"),
            Decimal("150.02"),
            Decimal(3),
        )
        assert (found.ask, found.ask_size) == (Decimal("150.04"), Decimal(4))
        assert found.previous_close == 9
        assert found.occurred_at == datetime(2026, 1, 5, 14, 30, 9, tzinfo=UTC)
    assert alpaca.paths == ["/v2/iex"]


def test_what_an_instrument_last_cost_is_asked_for_and_is_no_tick(
    alpaca: FakeAlpacaStream, rest: FakeAlpaca
) -> None:
    rest.latest = {"trades": {"AAPL": trade(1, price=149)}, "quotes": {"AAPL": quote(ap=0)}}
    with feeding() as feed:
        until(lambda: (found := feed.quote()) and found.bid)
        found = feed.quote()
        assert found is not None
        assert found.last == 149
        assert (found.ask, found.ask_size) == (None, None)  # nobody offers
        assert feed.ticks == []
        alpaca.say(trade(0, price=140))  # reported late
        until(lambda: feed.ticks)
        found = feed.quote()
        assert found is not None
        assert found.last == 149


def test_newest_prices_are_asked_for_until_they_are_answered(
    alpaca: FakeAlpacaStream, rest: FakeAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STOP_SECONDS", 0.01)
    rest.answers = [(500, {}, b""), (200, {}, b"[]"), (200, {}, b'{"trades": 1}')]
    rest.latest = {"trades": {"AAPL": trade(1)}}
    with feeding() as feed:
        until(feed.quote)


@pytest.mark.parametrize("refusal", [{"code": 402, "msg": "auth failed"}, {"code": 406}])
def test_refused_it_waits_and_tries_again(
    alpaca: FakeAlpacaStream, refusal: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    alpaca.refusals = [refusal, refusal]
    with feeding():
        until(lambda: alpaca.subscribed)
    assert [words["action"] for words in alpaca.asked[:3]] == ["auth"] * 3
    assert sum("refuses us" in record.message for record in caplog.records) == 2
    assert "secret" not in caplog.text


def test_without_a_key_nobody_is_asked(alpaca: FakeAlpacaStream, settings: Settings) -> None:
    settings.ALPACA_DATA_KEY = ""
    with feeding() as feed:
        until(lambda: len(feed.batches) > 20)
    assert alpaca.paths == []


@pytest.mark.parametrize("greeting", ["", "{", '{"T": "success"}', "[1]", '[{"T": "success"}]'])
def test_what_greets_otherwise_is_left_and_tried_again(
    alpaca: FakeAlpacaStream, greeting: str
) -> None:
    alpaca.greetings = [greeting]
    with feeding():
        until(lambda: alpaca.subscribed)
    assert len(alpaca.paths) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"T": "t"},
        {"p": "much"},
        {"p": None},
        {"t": "yesterday"},
        {"t": 5},
        {"S": 7},
        {"x": "", "i": ""},
    ],
)
def test_a_message_that_cannot_be_read_is_passed_over(
    alpaca: FakeAlpacaStream, wrong: dict[str, Any]
) -> None:
    broken = {"T": "t"} if wrong == {"T": "t"} else trade(1) | wrong
    with feeding() as feed:
        until(lambda: alpaca.subscribed)
        alpaca.say(broken, trade(2))
        until(lambda: feed.ticks)
        assert [tick.provider_tick_id for tick in feed.ticks] == ["V2"]
    assert len(alpaca.paths) == 1


@pytest.mark.parametrize("garbage", ["nonsense", "[[]]", "[" * 100_000])
def test_after_garbage_it_connects_anew(alpaca: FakeAlpacaStream, garbage: str) -> None:
    with feeding() as feed:
        until(lambda: alpaca.subscribed)
        alpaca.connections[-1].send(garbage)
        until(lambda: len(alpaca.connections) == 2 and alpaca.subscribed)
        alpaca.say(trade(1))
        until(lambda: feed.ticks)


def test_a_lost_connection_comes_back_and_asks_what_was_missed(
    alpaca: FakeAlpacaStream, rest: FakeAlpaca
) -> None:
    with feeding() as feed:
        until(lambda: alpaca.subscribed and rest.paths.count("/v2/stocks/quotes/latest") >= 1)
        rest.latest = {"trades": {"AAPL": trade(7, price=151)}}
        alpaca.connections[-1].close(1011)
        until(lambda: len(alpaca.connections) == 2 and alpaca.subscribed == {"AAPL", "MSFT"})
        until(lambda: (found := feed.quote()) and found.last == 151)


def test_another_list_is_followed_on_the_same_connection(alpaca: FakeAlpacaStream) -> None:
    with feeding() as feed:
        until(lambda: alpaca.subscribed == {"AAPL", "MSFT"})
        feed.provider.watch([listed(2, "MSFT"), listed(4, "BRK.B", own="alpaca=BRK-B")])
        until(lambda: alpaca.subscribed == {"MSFT", "BRK-B"})
        alpaca.say(trade(1, "AAPL"), trade(2, "BRK-B"))
        until(lambda: feed.ticks)
        assert [tick.instrument_id for tick in feed.ticks] == [4]
    assert len(alpaca.connections) == 1


def test_who_takes_slowly_loses_nothing_and_is_let_back_in(
    alpaca: FakeAlpacaStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "FRAMES", 2)
    with feeding() as feed:
        until(lambda: alpaca.subscribed)
        feed.is_taking.clear()
        for number in range(1, 9):
            alpaca.say(trade(number))
        feed.is_taking.set()
        until(lambda: len(feed.ticks) == 8)
        alpaca.say({"T": "error", "code": 407, "msg": "slow client"})
        alpaca.connections[-1].close(1008)
        until(lambda: len(alpaca.connections) == 2)


def test_a_message_too_long_ends_the_connection(
    alpaca: FakeAlpacaStream, settings: Settings
) -> None:
    settings.LIMITS = replace(LIMITS, provider_answer_bytes=2_000)
    with feeding() as feed:
        until(lambda: alpaca.subscribed)
        alpaca.say(trade(1, pad="x" * 1_500))
        until(lambda: feed.ticks)
        alpaca.say(trade(2, pad="x" * 2_000))
        until(lambda: len(alpaca.connections) == 2)
        assert len(feed.ticks) == 1


def test_a_name_that_leads_into_a_refused_network_is_not_connected_to(
    alpaca: FakeAlpacaStream,
) -> None:
    url = alpaca.url.replace("127.0.0.1", "localhost")
    with pytest.raises(AddressRefused), open_web_socket(url, seconds=5, size=10):
        pass
    assert alpaca.paths == []
