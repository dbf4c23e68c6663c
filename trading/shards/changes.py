"""Everything that one batch writes, gathered step by step before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portfolio.holds import HoldChange
from trading.shards.batch_rows import Awaiting, NewEvent, NewFill, Progress
from trading.states import Event, next_status


@dataclass(slots=True)
class Changes:
    """Everything that one batch writes."""

    now: datetime
    progress: dict[UUID, Progress]
    awaiting: Awaiting = field(default_factory=Awaiting)
    fills: list[NewFill] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    secured: dict[UUID, Decimal] = field(default_factory=dict)  # hold → units its exits may sell

    def portfolios(self) -> set[UUID]:
        """Portfolios in which anything has changed."""
        return {one.order.portfolio_id for one in self.progress.values()}

    def portfolios_of_ended(self) -> set[UUID]:
        """Portfolios in which an order has come to its end."""
        return {one.order.portfolio_id for one in self.progress.values() if one.is_finished}

    def secure(self, hold_id: UUID, quantity: Decimal) -> None:
        """Hold what an entry has bought for its exits."""
        self.secured[hold_id] = self.secured.get(hold_id, Decimal(0)) + quantity

    def hold_changes(self) -> list[HoldChange]:
        """What becomes of each hold; one that is shared is released with the last who share it."""
        sharing: dict[UUID, list[Progress]] = {hold_id: [] for hold_id in self.secured}
        for progress in self.progress.values():
            sharing.setdefault(progress.order.hold_id, []).append(progress)
        changes = [
            HoldChange(
                hold_id,
                consumed=sum((one.consumed for one in all_of_it), Decimal(0)),
                release_rest=bool(all_of_it) and all(one.is_finished for one in all_of_it),
                refilled_to=next(
                    (one.refilled_to for one in all_of_it if one.refilled_to is not None), None
                ),
                added=self.secured.get(hold_id, Decimal(0)),
            )
            for hold_id, all_of_it in sharing.items()
        ]
        return [change for change in changes if change.changes_something]

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
