"""Every kind of domain event and what it carries. Pure.

``docs/events.md`` has the same as a table; a test compares the two. A field is only ever added:
programs of others read these names. Money and quantities are in the units said beside them and
positive, times have an offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

from integrations.events.domain_event import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(DomainEvent):
    portfolio_id: UUID
    order_id: UUID
    symbol: str
    side: str  # buy or sell
    type: str  # market, limit, …
    quantity: Decimal  # units ordered
    filled_quantity: Decimal  # units filled so far, over the order's whole life
    average_price: Decimal | None  # of what is filled, in currency; None before the first fill
    currency: str
    reason: str  # in words, where the desk ended or changed it


class OrderFilled(OrderEvent):
    kind = "order.filled"
    title = "An order is filled"


class OrderPartiallyFilled(OrderEvent):
    kind = "order.partially_filled"
    title = "A part of an order is filled"


class OrderCanceled(OrderEvent):
    kind = "order.canceled"
    title = "An order is cancelled"


class OrderExpired(OrderEvent):
    kind = "order.expired"
    title = "An order expires"


class OrderRejected(OrderEvent):
    kind = "order.rejected"
    title = "An order is rejected"


class OrderReplaced(OrderEvent):
    kind = "order.replaced"
    title = "Another order takes over from an order"


class OrderSuspended(OrderEvent):
    kind = "order.suspended"
    title = "An order is suspended, its instrument halted"


class OrderRestated(OrderEvent):
    kind = "order.restated"
    title = "An order is adjusted to a split of its instrument"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionNotClosed(DomainEvent):
    kind: ClassVar[str] = "position.not_closed"
    title: ClassVar[str] = "A position to be closed is not sold, and its orders have ended"

    portfolio_id: UUID
    symbol: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTriggered(DomainEvent):
    kind: ClassVar[str] = "alert.triggered"
    title: ClassVar[str] = "An alert fires"

    alert_id: UUID
    number: int  # 1 for the alert's first time
    symbol: str
    portfolio_id: UUID | None  # of alerts on holdings
    condition: str  # what was waited for, in words
    note: str
    level: Decimal  # the price it meant, in the instrument's currency
    price: Decimal  # the first that reached it


@dataclass(frozen=True, slots=True, kw_only=True)
class CashEvent(DomainEvent):
    portfolio_id: UUID
    entry_id: UUID
    amount: Decimal  # before fees and taxes
    currency: str
    fees: Decimal
    taxes: Decimal
    symbol: str | None  # what paid it
    note: str


class CashDeposited(CashEvent):
    kind = "cash.deposited"
    title = "Money is deposited"


class CashWithdrawn(CashEvent):
    kind = "cash.withdrawn"
    title = "Money is withdrawn"


class IncomeReceived(CashEvent):
    kind = "income.received"
    title = "A dividend or interest is received"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementCompleted(DomainEvent):
    kind: ClassVar[str] = "settlement.completed"
    title: ClassVar[str] = "A trade is settled"

    portfolio_id: UUID
    entry_id: UUID
    symbol: str
    quantity: Decimal  # units
    amount: Decimal  # before fees and taxes
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyEvent(DomainEvent):
    key_id: UUID
    name: str


class ApiKeyCreated(ApiKeyEvent):
    kind = "api_key.created"
    title = "An API key is made"


class ApiKeyRevoked(ApiKeyEvent):
    kind = "api_key.revoked"
    title = "An API key is revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled(DomainEvent):
    kind: ClassVar[str] = "webhook.disabled"
    title: ClassVar[str] = "A webhook is disabled"

    webhook_id: UUID
    url: str
    reason: str  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackDisconnected(DomainEvent):
    kind: ClassVar[str] = "slack.disconnected"
    title: ClassVar[str] = "Slack takes no more messages"

    reason: str  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(DomainEvent):
    connection_id: UUID
    broker: str  # as in GET /brokers
    name: str  # that its owner gave the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStopped(ConnectionEvent):
    reason: str  # in words


class SignInNeeded(ConnectionStopped):
    kind = "connection.sign_in_needed"
    title = "A broker wants you to sign in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionArmed(ConnectionEvent):
    kind: ClassVar[str] = "connection.armed"
    title: ClassVar[str] = "Real orders may leave through a connection"

    order_value_maximum: Decimal  # of one order, in currency
    currency: str
    orders_a_day: int


class ConnectionDisarmed(ConnectionStopped):
    kind = "connection.disarmed"
    title = "No real order leaves through a connection any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrderEvent(DomainEvent):
    live_order_id: UUID
    portfolio_id: UUID
    connection_id: UUID | None  # none once it is deleted
    connection_name: str
    symbol: str
    side: str  # buy or sell
    type: str  # market, limit, …
    quantity: Decimal | None  # units ordered; none where an amount was
    notional: Decimal | None  # amount ordered, in currency
    filled_quantity: Decimal  # units filled so far
    currency: str
    reason: str  # in words


class LiveOrderAccepted(LiveOrderEvent):
    kind = "live_order.accepted"
    title = "A broker takes a real order"


class LiveOrderPartiallyFilled(LiveOrderEvent):
    kind = "live_order.partially_filled"
    title = "A part of a real order is filled"


class LiveOrderFilled(LiveOrderEvent):
    kind = "live_order.filled"
    title = "A real order is filled"


class LiveOrderCanceled(LiveOrderEvent):
    kind = "live_order.canceled"
    title = "A real order is cancelled"


class LiveOrderReplaced(LiveOrderEvent):
    kind = "live_order.replaced"
    title = "Another real order takes over from one"


class LiveOrderExpired(LiveOrderEvent):
    kind = "live_order.expired"
    title = "A real order expires"


class LiveOrderRejected(LiveOrderEvent):
    kind = "live_order.rejected"
    title = "A real order is refused"


class LiveOrderUnknown(LiveOrderEvent):
    kind = "live_order.unknown"
    title = "Nobody knows what became of a real order"


class LiveOrderNotReceived(LiveOrderEvent):
    kind = "live_order.not_received"
    title = "A broker has never got a real order"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReady(DomainEvent):
    kind: ClassVar[str] = "export.ready"
    title: ClassVar[str] = "An export is ready"

    export_id: UUID
    dataset: str  # as in POST /exports
    rows: int
    bytes: int
    expires_at: datetime  # when its files are removed


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFailed(DomainEvent):
    kind: ClassVar[str] = "export.failed"
    title: ClassVar[str] = "An export fails"

    export_id: UUID
    dataset: str
    reason: str  # in words


KINDS: Final[Mapping[str, type[DomainEvent]]] = {
    event.kind: event
    for event in (
        *(OrderFilled, OrderPartiallyFilled, OrderCanceled, OrderExpired, OrderRejected),
        *(OrderReplaced, OrderSuspended, OrderRestated, PositionNotClosed),
        *(AlertTriggered, CashDeposited, CashWithdrawn, IncomeReceived, SettlementCompleted),
        *(ApiKeyCreated, ApiKeyRevoked, WebhookDisabled, SlackDisconnected),
        *(ExportReady, ExportFailed),
        *(SignInNeeded, ConnectionArmed, ConnectionDisarmed),
        *(LiveOrderAccepted, LiveOrderPartiallyFilled, LiveOrderFilled, LiveOrderCanceled),
        *(LiveOrderReplaced, LiveOrderExpired, LiveOrderRejected, LiveOrderUnknown),
        *(LiveOrderNotReceived,),
    )
}
KIND_CHOICES: Final = [(kind, event.title) for kind, event in KINDS.items()]
