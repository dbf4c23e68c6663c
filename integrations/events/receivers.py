"""Events out of the signals of the apps below, inside their transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import ApiKey, AuditEvent
from integrations import outbox
from integrations.events import kinds
from integrations.events.domain_event import DomainEvent
from integrations.events.kinds import ApiKeyEvent, CashEvent, OrderEvent
from market.alerts.signals import alerts_triggered
from market.models import AlertTrigger, Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.models import Portfolio
from portfolio.signals import entries_posted
from trading.models import PositionClosing
from trading.shards.batch_rows import NewEvent, Progress
from trading.shards.changes import Changes
from trading.signals import closing_refused, orders_changed
from trading.states import Event

ORDER_KINDS: Final[dict[Event, type[OrderEvent]]] = {
    Event.FILLED: kinds.OrderFilled,
    Event.PARTLY_FILLED: kinds.OrderPartiallyFilled,
    Event.CANCELED: kinds.OrderCanceled,
    Event.EXPIRED: kinds.OrderExpired,
    Event.REJECTED: kinds.OrderRejected,
    Event.DENIED: kinds.OrderRejected,
    Event.REPLACED: kinds.OrderReplaced,
    Event.SUSPENDED: kinds.OrderSuspended,
    Event.RESTATED: kinds.OrderRestated,
}
CASH_KINDS: Final[dict[EntryKind, type[CashEvent]]] = {
    EntryKind.DEPOSIT: kinds.CashDeposited,
    EntryKind.WITHDRAWAL: kinds.CashWithdrawn,
    EntryKind.DIVIDEND: kinds.IncomeReceived,
    EntryKind.INTEREST: kinds.IncomeReceived,
}
KEY_KINDS: Final[dict[str, type[ApiKeyEvent]]] = {
    "api_key.created": kinds.ApiKeyCreated,
    "api_key.revoked": kinds.ApiKeyRevoked,
}


@receiver(orders_changed, dispatch_uid="integrations.put_order_events")
def put_order_events(*, changes: Changes, **_: Any) -> None:
    told = latest_of(changes.events)
    if not told:
        return
    events = [
        order_event(event, changes.progress[event.order_id], at=changes.now) for event in told
    ]
    outbox.put(events, recorded_at=changes.now)


def latest_of(events: Iterable[NewEvent]) -> list[NewEvent]:
    """Of each order its latest step of a kind: ten fills of one batch are told as one."""
    steps = {(event.order_id, event.kind): event for event in events if event.kind in ORDER_KINDS}
    filled = {order_id for order_id, kind in steps if kind is Event.FILLED}
    return [
        event
        for (order_id, kind), event in steps.items()
        if not (kind is Event.PARTLY_FILLED and order_id in filled)
    ]


def order_event(event: NewEvent, progress: Progress, *, at: datetime) -> OrderEvent:
    order, filled = progress.order, progress.filled_quantity
    return ORDER_KINDS[event.kind](
        owner_id=order.owner_id,
        occurred_at=at,
        portfolio_id=order.portfolio_id,
        order_id=order.id,
        symbol=progress.symbol,
        side=order.side.value,
        type=order.type.value,
        quantity=order.quantity,
        filled_quantity=filled,
        average_price=progress.filled_amount / filled if filled else None,
        currency=order.currency,
        reason=progress.reason or event.details.get("reason", ""),
    )


@receiver(closing_refused, dispatch_uid="integrations.put_closing_event")
def put_closing_event(*, closing: PositionClosing, at: datetime, **_: Any) -> None:
    event = kinds.PositionNotClosed(
        owner_id=closing.portfolio.owner_id,
        occurred_at=at,
        portfolio_id=closing.portfolio_id,
        symbol=closing.instrument.symbol,
        reason=" ".join(problem["message"] for problem in closing.problems),
    )
    outbox.put([event], recorded_at=at)


@receiver(entries_posted, dispatch_uid="integrations.put_book_events")
def put_book_events(*, drafts: Sequence[EntryDraft], recorded_at: datetime, **_: Any) -> None:
    told = [it for it in drafts if it.kind in CASH_KINDS or it.kind is EntryKind.SETTLEMENT]
    if not told:
        return
    owners = dict(
        Portfolio.objects.filter(id__in={draft.portfolio_id for draft in told}).values_list(
            "id", "owner_id"
        )
    )
    symbols = symbols_of(it.instrument_id for it in told if it.instrument_id is not None)
    events = [book_event(draft, owners[draft.portfolio_id], symbols) for draft in told]
    outbox.put(events, recorded_at=recorded_at)


def book_event(draft: EntryDraft, owner_id: UUID, symbols: dict[int, str]) -> DomainEvent:
    symbol = None if draft.instrument_id is None else symbols[draft.instrument_id]
    common: dict[str, Any] = {
        "owner_id": owner_id,
        "occurred_at": draft.occurred_at,
        "portfolio_id": draft.portfolio_id,
        "entry_id": draft.id,
        "symbol": symbol,
        "amount": draft.amount,
        "currency": draft.currency,
    }
    if draft.kind is EntryKind.SETTLEMENT:
        return kinds.SettlementCompleted(**common, quantity=draft.quantity or ZERO)
    return CASH_KINDS[draft.kind](**common, fees=draft.fees, taxes=draft.taxes, note=draft.note)


@receiver(alerts_triggered, dispatch_uid="integrations.put_alert_events")
def put_alert_events(*, triggers: Sequence[AlertTrigger], **_: Any) -> None:
    """One look and one statement for all that fired together, as many do when a price jumps."""
    symbols = symbols_of(trigger.instrument_id for trigger in triggers)
    events = [
        kinds.AlertTriggered(
            owner_id=trigger.owner_id,
            occurred_at=trigger.occurred_at,
            alert_id=trigger.alert_id,
            number=trigger.number,
            symbol=symbols[trigger.instrument_id],
            portfolio_id=trigger.portfolio_id,
            condition=trigger.condition,
            note=trigger.note,
            level=trigger.level,
            price=trigger.price,
        )
        for trigger in triggers
    ]
    outbox.put(events, recorded_at=triggers[0].recorded_at)


@receiver(post_save, sender=AuditEvent, dispatch_uid="integrations.put_key_event")
def put_key_event(*, instance: AuditEvent, created: bool, **_: Any) -> None:
    """What happens to keys is told from its audit event, which every way to do it writes."""
    make = KEY_KINDS.get(instance.action)
    if make is None or not created or instance.owner_id is None:
        return
    names = ApiKey.objects.filter(id=instance.target_id).values_list("name", flat=True)
    event = make(
        owner_id=instance.owner_id,
        occurred_at=instance.occurred_at,
        key_id=UUID(instance.target_id),
        name=names.first() or "",
    )
    outbox.put([event], recorded_at=instance.occurred_at)


def symbols_of(instrument_ids: Iterable[int]) -> dict[int, str]:
    """Symbols as they are now; an instrument may be renamed."""
    rows = Instrument.objects.filter(id__in=set(instrument_ids))
    return dict(rows.values_list("id", "symbol"))
