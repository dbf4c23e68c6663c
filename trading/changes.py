"""Everything that one batch writes, gathered step by step before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from trading.batch_rows import NewEvent, NewFill, Progress
from trading.broadcasts import News
from trading.states import Event, next_status


@dataclass(slots=True)
class Changes:
    """Everything that one batch writes."""

    now: datetime
    progress: dict[UUID, Progress]
    fills: list[NewFill] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)

    def news(self) -> dict[UUID, News]:
        """What the watchers of each portfolio are to be told."""
        news: dict[UUID, News] = {}
        for progress in self.progress.values():
            told = news.setdefault(progress.order.portfolio_id, News(is_cash_changed=True))
            told.order_ids[progress.order.id] = None
        for fill in self.fills:
            news[fill.order.portfolio_id].fills[fill.id] = fill.order.id
        return news

    def move(
        self,
        progress: Progress,
        event: Event,
        *,
        actor_id: UUID | None = None,
        details: dict[str, str] | None = None,
    ) -> None:
        """Take an order one step further, and keep the event."""
        progress.status = next_status(progress.status, event)
        facts = details or ({"reason": progress.reason} if progress.reason else {})
        self.note(progress, event, actor_id=actor_id, details=facts)

    def note(
        self, progress: Progress, event: Event, *, actor_id: UUID | None, details: dict[str, str]
    ) -> None:
        self.events.append(NewEvent(progress.order.id, event, progress.status, actor_id, details))
