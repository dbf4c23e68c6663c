"""What a vendor answered, beside its adapter, and what the adapter makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from integrations import brokers
from integrations.brokers.adapters import Adapter
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing
from integrations.brokers.rehearsing import Asked, Rehearsal, Told, World, rehearsing
from market.live.live_quotes import prefixed, valkey
from trading.brokers import BrokerSession, Reading

ACCOUNT = UUID(int=77)
# When everything here is read.
NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)


class Waits(list[float]):
    """Time passes at once: whatever the pacing noted is over."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        valkey().delete(prefixed(f"brokers:pace:{ACCOUNT.hex}"))


class Played(Rehearsal):
    """Answers with what was recorded, whoever asks; the latest again and again."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__(World())
        self.answers: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for one in answers:
            key = (one["request"]["method"], one["request"]["path"])
            self.answers.setdefault(key, []).append(one["response"])

    def lets_in(self, asked: Asked) -> bool:
        return True

    def placed_orders(self) -> list[str]:
        return []

    def answer(self, asked: Asked) -> Told:
        left = self.answers[asked.method, asked.path]
        found = left.pop(0) if len(left) > 1 else left[0]
        body = found["body"]
        return Told(found["status"], body.encode() if isinstance(body, str) else body)


def folder_of(adapter: Adapter) -> Path:
    return Path(brokers.__path__[0]) / adapter.name


def rehearsal_of(adapter: Adapter) -> type[Rehearsal]:
    module = import_module(f"integrations.brokers.{adapter.name}.rehearsal")
    found: type[Rehearsal] = module.REHEARSAL
    return found


def signed_in(
    adapter: Adapter,
    url: str,
    *,
    credentials: Mapping[str, str] | None = None,
    waits: Waits | None = None,
    patience_seconds: float = 600,
) -> BrokerSession:
    pacing = AccountPacing(ACCOUNT, patience_seconds, sleep=Waits() if waits is None else waits)
    given = rehearsal_of(adapter).credentials if credentials is None else credentials
    line = Line(adapter.title, url, pacing, clock=NOW.timestamp)
    return adapter.sign_in(line, given)


def unclaimed(adapter: Adapter, session: BrokerSession) -> list[Callable[[], object]]:
    """What must say that it is not supported, and ask nobody."""
    reads = adapter.capabilities.reads
    calls: dict[Reading, Callable[[], object]] = {
        Reading.CASH: session.account,
        Reading.POSITIONS: session.positions,
        Reading.ACTIVITIES: lambda: list(session.activities(since=None)),
        Reading.ORDERS: lambda: list(session.orders(since=None)),
    }
    return [call for reading, call in calls.items() if reading not in reads]


def normalised(adapter: Adapter) -> dict[str, Any]:
    """Everything the adapter reads out of its recordings, as JSON has it, without the raw texts."""
    answers = json.loads((folder_of(adapter) / "recorded" / "answers.json").read_text())
    with rehearsing(Played(answers)) as played:
        session = signed_in(adapter, played.url)
        reads = adapter.capabilities.reads
        found: dict[str, Any] = {}
        if Reading.CASH in reads:
            found["account"] = plain(asdict(session.account()))
        if Reading.POSITIONS in reads:
            found["positions"] = [plain(asdict(one)) for one in session.positions()]
        if Reading.ACTIVITIES in reads:
            pages = session.activities(since=None)
            found["activities"] = [plain(asdict(one)) for page in pages for one in page.activities]
        if Reading.ORDERS in reads:
            orders = session.orders(since=None)
            found["orders"] = [plain(asdict(one)) for page in orders for one in page]
    return found


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(plain_items(facts))


def plain_items(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        if name == "raw" or value in (None, ""):
            continue
        if isinstance(value, Decimal):
            yield name, format(value, "f")
        elif isinstance(value, datetime):
            yield name, value.isoformat()
        elif isinstance(value, Mapping):
            yield name, plain(value)
        else:
            yield name, value
