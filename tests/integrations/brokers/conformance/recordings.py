"""An adapter of the catalogue, signed in wherever a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from integrations import brokers
from integrations.brokers.adapters import Adapter
from integrations.brokers.conversations import Conversation
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing
from integrations.brokers.rehearsing import rehearsal_of
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


def recorded(adapter: Adapter) -> Path:
    return Path(brokers.__path__[0]) / adapter.name / "recorded"


def conversation_of(adapter: Adapter) -> Conversation:
    return Conversation.from_json((recorded(adapter) / "conversation.json").read_text())


def signed_in(
    adapter: Adapter,
    url: str,
    *,
    credentials: Mapping[str, str] | None = None,
    waits: Waits | None = None,
    patience_seconds: float = 600,
) -> BrokerSession:
    pacing = AccountPacing(ACCOUNT, patience_seconds, sleep=Waits() if waits is None else waits)
    given = rehearsal_of(adapter.name).credentials if credentials is None else credentials
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
