"""Exchanges for coins over the library ccxt: read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

from django.conf import settings

from integrations.brokers.adapters import Adapter
from integrations.brokers.ccxt import parsing, walking
from integrations.brokers.ccxt.library import Exchange, exchange_names, exchange_of
from integrations.brokers.ccxt.walking import Row, Walk
from integrations.brokers.line import Line
from trading.broker_errors import BadBrokerAnswer, NotSupported
from trading.brokers import (
    ActivityPage,
    BrokerAccount,
    BrokerActivity,
    BrokerPosition,
    Capabilities,
    CredentialField,
    Reading,
    ReadOnlySession,
)

TITLE: Final = "Crypto exchange"
MARKETS_MAXIMUM: Final = 100

Parse = Callable[[Row], Iterator[BrokerActivity]]


@dataclass(frozen=True, slots=True)
class Part:
    """One history of an exchange: a method of the library, and what of it is wanted."""

    method: str
    about: str | None  # a market, None for all
    parse: Parse


@dataclass(slots=True)
class Session(ReadOnlySession):
    line: Line
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    _exchange: Exchange | None = None

    title: ClassVar[str] = TITLE

    def account(self) -> BrokerAccount:
        return parsing.read_balance(self._balance(), account_id=self._account_id())

    def positions(self) -> Sequence[BrokerPosition]:
        return parsing.read_positions(self._balance())

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        parts = self._parts()
        stretch = (round(since.timestamp() * 1000) if since else 0, self._now())
        walk = walking.read_walk(resume) if resume else Walk(todo=[stretch])
        while walk.part < len(parts):
            part = parts[walk.part]
            steps = walking.steps(
                partial(self._ask, part),
                walk,
                takes_until=self._made().takes_until(part.method),
                pages=settings.LIMITS.broker_pages,
            )
            for rows in steps:
                yield ActivityPage(list(told(rows, part.parse, since)), str(walk))
            walk = Walk(walk.part + 1, [stretch])
            is_end = walk.part == len(parts)
            yield ActivityPage([], "" if is_end else str(walk))

    def _ask(self, part: Part, first: int, last: int) -> list[Row]:
        made = self._made()
        more = {"until": last} if made.takes_until(part.method) else {}
        # Some leave out what happened at the very moment.
        since = max(first - 1000, 0) or None
        found: Any = made.call(part.method, part.about, since, None, more)
        if not isinstance(found, list):
            raise BadBrokerAnswer(f"{TITLE}: {part.method} is no list.")
        return found

    def _parts(self) -> list[Part]:
        """Trades, of each market where the owner named some; then what moved besides."""
        made = self._made()
        if not made.has("fetchMyTrades"):
            raise NotSupported(f"{TITLE}: {self.name} does not tell an owner's trades.")
        named = self.credentials.get("markets", "").replace(",", " ").split()
        markets: list[str | None] = [*named[:MARKETS_MAXIMUM]]
        parts = [
            Part("fetch_my_trades", market, parsing.read_trade) for market in markets or [None]
        ]
        if made.has("fetchLedger"):
            return [*parts, Part("fetch_ledger", None, parsing.read_movement)]
        return parts + [
            Part(method, None, parsing.read_movement)
            for feature, method in (
                ("fetchDeposits", "fetch_deposits"),
                ("fetchWithdrawals", "fetch_withdrawals"),
            )
            if made.has(feature)
        ]

    def _balance(self) -> Any:
        return self._made().call("fetch_balance")

    def _account_id(self) -> str:
        """Exchanges tell no number of an account; one that the owner knows is taken."""
        uid = self.credentials.get("uid", "")
        return f"{self.name}:{uid}" if uid else self.name

    def _now(self) -> int:
        return round(self.line.clock() * 1000)

    def _made(self) -> Exchange:
        if self._exchange is None:
            self._exchange = exchange_of(self.line, self.name, self.credentials)
        return self._exchange


def told(rows: Sequence[Row], parse: Parse, since: datetime | None) -> Iterator[BrokerActivity]:
    for row in rows:
        for one in parse(row):
            if since is None or one.occurred_at >= since:
                yield one


def sign_in(line: Line, credentials: Mapping[str, str]) -> Session:
    return Session(line, credentials["exchange"].strip().lower(), credentials)


ADAPTER: Final = Adapter(
    name="ccxt",
    title=TITLE,
    capabilities=Capabilities(
        reads=frozenset({Reading.CASH, Reading.POSITIONS, Reading.ACTIVITIES})
    ),
    credentials=(
        CredentialField(
            "exchange", "Exchange", is_secret=False, is_setting=True, choices=exchange_names()
        ),
        CredentialField("api_key", "API key", is_secret=False),
        CredentialField("api_secret", "API secret"),
        CredentialField(
            "password", "Passphrase", is_required=False, hint="Of the key, where there is one."
        ),
        CredentialField(
            "uid",
            "Account",
            is_secret=False,
            is_required=False,
            hint="Its number, where asked for.",
        ),
        CredentialField(
            "markets",
            "Markets",
            is_secret=False,
            is_required=False,
            is_setting=True,
            hint="As in BTC/USDT ETH/EUR, where the exchange tells trades of one market only"
            " (Binance and some others).",
        ),
    ),
    url="",  # of each exchange its own
    hidden=frozenset({"nonce", "timestamp", "sign", "signature"}),
    sign_in=sign_in,
    hint="At the exchange: a key that may read balances, trades and ledger, and nothing else.",
)
