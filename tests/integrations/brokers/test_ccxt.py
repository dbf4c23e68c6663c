"""The library of exchanges speaks over our line alone, is loaded late, and loses nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from integrations.brokers.adapters import catalogue
from integrations.brokers.ccxt import walking
from integrations.brokers.ccxt.library import exchange_names, exchange_of
from integrations.brokers.ccxt.parsing import read_trade
from integrations.brokers.ccxt.walking import Row, Walk
from integrations.brokers.pacing import Pace
from trading.broker_errors import BadBrokerAnswer, BrokerError, BrokerUnavailable, RequestInvalid

LAST = 1_000_000
KEYS = {"api_key": "key", "api_secret": "c2VjcmV0", "password": "word", "uid": "1"}


@dataclass
class DeadLine:
    """Notes what would be asked."""

    url: str = ""
    title: str = "Exchanges"
    asked: list[tuple[str, Pace]] = field(default_factory=list)

    def ask(self, method: str, path: str, *, pace: Pace, **more: Any) -> None:
        self.asked.append((path, pace))
        raise BrokerUnavailable("dead")

    def again(self, read: Any) -> Any:
        return read()


def test_the_web_starts_without_the_library() -> None:
    code = (
        "import os, sys, django\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
        "django.setup()\n"
        "from integrations.brokers.adapters import catalogue\n"
        "assert len(catalogue()['ccxt'].credentials[0].choices) > 100\n"
        "print('ccxt' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_every_exchange_asks_over_our_line_and_nowhere_else() -> None:
    reached = set()
    for name in exchange_names():
        line = DeadLine()
        exchange = exchange_of(line, name, KEYS)  # type: ignore[arg-type]
        with pytest.raises(BrokerError):
            exchange.call("fetch_balance")
        if line.asked:
            reached.add(name)
            assert line.asked[0][0].startswith("https://"), name
    # The others want keys of another form before they ask.
    assert len(reached) >= 95
    assert {"binance", "kraken", "coinbase", "okx", "bybit", "kucoin", "bitstamp"} <= reached


def test_an_exchange_that_there_is_not_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        exchange_of(DeadLine(), "nowhere", KEYS)  # type: ignore[arg-type]
    choices = catalogue()["ccxt"].credentials[0].choices
    assert "kraken" in choices


def history(count: int, *, every: int = 1_000) -> list[dict[str, Any]]:
    return [{"id": f"{number}", "timestamp": number * every} for number in range(count)]


def exchange(rows: list[dict[str, Any]], *, size: int, newest: bool, heeds_until: bool) -> Any:
    def ask(first: int, last: int) -> list[Row]:
        found: list[Row] = [
            one
            for one in rows
            if first <= one["timestamp"] and (one["timestamp"] <= last or not heeds_until)
        ]
        return found[-size:] if newest else found[:size]

    return ask


@pytest.mark.parametrize("every", [1_000, 300, 0], ids=["apart", "close", "together"])
@pytest.mark.parametrize(("newest", "heeds_until"), [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 49, 50, 51, 430])
def test_whichever_end_comes_first_everything_is_read_once(
    count: int, newest: bool, heeds_until: bool, every: int
) -> None:
    rows = history(min(count, 50) if every == 0 else count, every=every)
    ask = exchange(rows, size=50, newest=newest, heeds_until=heeds_until)
    walk = Walk(todo=[(0, LAST)])
    found = [
        one["id"]
        for page in walking.steps(ask, walk, takes_until=heeds_until, pages=200)
        for one in page
    ]
    assert sorted(found, key=int) == [one["id"] for one in rows]


def test_a_reading_that_stopped_goes_on_where_it_was() -> None:
    ask = exchange(history(430), size=50, newest=True, heeds_until=True)
    text, found = str(Walk(todo=[(0, LAST)])), []
    while True:
        walk = walking.read_walk(text)
        page = next(walking.steps(ask, walk, takes_until=True, pages=200), None)
        if page is None:
            break
        found += [one["id"] for one in page]
        text = str(walk)
    assert len(found) == len(set(found)) == 430


def test_a_history_without_an_end_is_a_bad_answer() -> None:
    def ask(first: int, last: int) -> list[Row]:
        return [
            {"id": f"{first}-{number}", "timestamp": first + 5 + number} for number in range(10)
        ]

    with pytest.raises(BadBrokerAnswer, match="more pages"):
        list(walking.steps(ask, Walk(todo=[(0, LAST)]), takes_until=False, pages=20))


@pytest.mark.parametrize("row", [{}, {"id": "1"}, {"timestamp": 1}, {"id": 1, "timestamp": 1}])
def test_what_has_no_id_or_time_is_a_bad_answer(row: dict[str, Any]) -> None:
    with pytest.raises(BadBrokerAnswer):
        list(walking.steps(lambda *_: [row], Walk(todo=[(0, 1)]), takes_until=False, pages=9))


def test_a_place_that_nobody_wrote_is_a_bad_answer() -> None:
    with pytest.raises(BadBrokerAnswer):
        walking.read_walk("[]")


def test_money_traded_for_money_is_changed_and_not_bought() -> None:
    found = {
        "id": "T1",
        "timestamp": 1_741_000_000_000,
        "symbol": "EUR/USD",
        "side": "buy",
        "price": "1.08",
        "amount": "100",
        "cost": "108",
        "fee": {"cost": "0.25", "currency": "USD"},
    }
    legs = [(one.kind, one.currency, one.amount, one.event_id) for one in read_trade(found)]
    assert legs == [
        ("transfer_in", "EUR", Decimal(100), "trade-T1"),
        ("transfer_out", "USD", Decimal(108), "trade-T1"),
        ("fee", "USD", Decimal("0.25"), ""),
    ]
