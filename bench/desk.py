"""A desk for benchmarks: people, prices that move, and processes as in production."""

# ruff: noqa: PLC0415 -- models can be imported only once the servers stand

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bench.orders_load import CONNECTIONS, Account

ROOT: Final = Path(__file__).resolve().parent.parent
SYMBOLS: Final = 50


class Desk:
    """Sixteen people with a portfolio and a key each, and fifty instruments with quotes."""

    def __init__(self) -> None:
        self.accounts = make_accounts()
        self.instruments = make_instruments()
        self.symbols = [instrument.symbol for instrument in self.instruments]
        self.port = free_port()
        self.publisher = make_publisher()
        self.publish_quotes()

    def publish_quotes(self) -> None:
        """Show plenty at 100 USD for every symbol, as the feed does."""
        from market.intake.providers import PriceBatch

        quotes = tuple(quote_of(instrument) for instrument in self.instruments)
        self.publisher.publish(PriceBatch(quotes=quotes, ticks=()), at=datetime.now(UTC))

    @contextmanager
    def prices_moving(self) -> Iterator[None]:
        """Keep the quotes fresh."""
        stopping = threading.Event()

        def move() -> None:
            while not stopping.wait(0.5):
                self.publish_quotes()

        thread = threading.Thread(target=move)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    @contextmanager
    def web_serving(self) -> Iterator[None]:
        with self.process("web", PORT=str(self.port), WEB_SERVER="granian"):
            await_answer(self.port, "/api/v1/health/live")
            yield

    @contextmanager
    def matcher_running(self) -> Iterator[None]:
        with self.process("matcher"):
            time.sleep(5)  # it loads the calendars first
            yield

    @contextmanager
    def process(self, name: str, **environment: str) -> Iterator[None]:
        child = subprocess.Popen(
            [sys.executable, "-m", "config.run", name],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            child.terminate()
            child.wait(timeout=20)


def make_accounts() -> list[Account]:
    from accounts.api_keys import issue_key
    from accounts.models import User
    from portfolio.portfolios import open_portfolio

    accounts = []
    now = datetime.now(UTC)
    for number in range(CONNECTIONS):
        owner = User.objects.create_user(f"trader{number}@example.com", tier="admin")
        _, key = issue_key(owner=owner, name="bench", scopes=["read", "trade"], created_at=now)
        portfolio = open_portfolio(
            owner=owner,
            name="Bench",
            kind="paper",
            currency="USD",
            starting_cash=Decimal(10**11),
            opened_at=now,
        )
        accounts.append(Account(key, str(portfolio.id), str(owner.id)))
    return accounts


def make_instruments() -> list[Any]:
    from market.models import Exchange, Instrument

    exchange = Exchange.objects.create(
        mic="XNYS", name="New York", timezone="America/New_York", calendar="XNYS"
    )
    return [
        Instrument.objects.create(
            symbol=f"S{number}", name=f"S{number}", exchange=exchange, currency="USD"
        )
        for number in range(1, SYMBOLS + 1)
    ]


def make_publisher() -> Any:
    from market.live.broadcasts import PricePublisher
    from market.live.shard_leader import Shard

    return PricePublisher(shard=Shard(0, 1))


def quote_of(instrument: Any) -> Any:
    from market.values import QuoteValue

    price, size = Decimal(100), Decimal(1_000_000)
    return QuoteValue(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        bid=price - 1,
        bid_size=size,
        ask=price,
        ask_size=size,
        last=price,
        last_size=Decimal(1),
        previous_close=price,
        bid_levels=((price - 1, size),),
        ask_levels=((price, size),),
        occurred_at=datetime.now(UTC),
        source="simulated",
    )


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(port: int, path: str) -> None:
    """Wait until a server answers, a minute at most.

    Raises:
        OSError: it did not.
    """
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
