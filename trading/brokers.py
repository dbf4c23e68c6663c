"""What a broker is to the desk: the protocol that adapters in ``integrations.brokers`` fulfil.

An adapter authenticates, fetches, parses and normalises. What it returns is in our words with
exact numbers, and beside each thing the ``raw`` text it came from. A failure is **definite** where
the broker said no, or **unclear** where nobody knows whether something happened; what was asked
unclearly is looked up again and never assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias

from trading.broker_errors import DefiniteBrokerError, NotSupported, UnclearBrokerError


class Reading(StrEnum):
    """What can be read of an account."""

    CASH = "cash"
    POSITIONS = "positions"
    ACTIVITIES = "activities"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class OrderKind:
    """The second level: what one type of order may be."""

    times_in_force: frozenset[str]
    takes_fractions: bool = False
    takes_notional: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The first level: what a broker has. ``orders`` says more of each type, by its name."""

    reads: frozenset[Reading]
    orders: Mapping[str, OrderKind] = field(default_factory=dict)
    replaces_orders: bool = False
    has_sandbox: bool = False
    signs_in_again: bool = False  # by itself, where a session has expired

    @property
    def trades(self) -> bool:
        return bool(self.orders)


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing that its owner enters to connect."""

    name: str
    label: str
    is_secret: bool = True
    is_required: bool = True
    is_setting: bool = False  # it says how to ask, and nothing of who asks
    hint: str = ""
    choices: tuple[str, ...] = ()  # empty where anything may be entered


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    id: str
    currency: str
    cash: Mapping[str, Decimal]  # by currency
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    symbol: str
    quantity: Decimal  # negative when short
    isin: str = ""
    name: str = ""
    currency: str = ""
    unit_cost: Decimal | None = None
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BrokerActivity:
    """Something that happened. Numbers are >= 0, the kind says the direction; kinds, numbers and
    currencies are those of ``portfolio.recording.activity_rules.ActivityDraft``.
    """

    id: str  # the broker's own, the same at each reading
    kind: str
    occurred_at: datetime
    currency: str
    symbol: str = ""
    isin: str = ""
    name: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = Decimal(0)
    taxes: Decimal = Decimal(0)
    exchange_rate: Decimal | None = None  # account's currency for one of ``currency``
    note: str = ""
    raw: str = field(default="", repr=False)
    event_id: str = ""  # legs of one event share it: they are booked together, or not at all


@dataclass(frozen=True, slots=True)
class ActivityPage:
    activities: Sequence[BrokerActivity]
    resume: str  # the broker's own words for what comes after; empty at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrderRequest:
    """An order to a broker. ``client_order_id`` finds it again whatever became of the answer."""

    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None  # of a trailing stop: this,
    trail_pct: Decimal | None = None  # or this, per cent of the best price since


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrderChange:
    """What differs in the order that takes over from another; what is ``None`` stays.

    The new one goes by a ``client_order_id`` of its own, which finds it whatever became of the
    answer. ``quantity`` counts all that is ordered, also what the other has filled.
    """

    client_order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    time_in_force: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    status: str  # working, filled, canceled, replaced, expired, rejected
    quantity: Decimal | None
    filled_quantity: Decimal
    submitted_at: datetime
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker will not; ``error`` says why."""

    error: DefiniteBrokerError
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened. Look for the client's order id before anything else is done."""

    error: UnclearBrokerError


OrderResult: TypeAlias = Accepted | Rejected | Unknown


class BrokerSession(Protocol):
    """One account at a broker, signed in to. Every method may raise ``BrokerError``.

    What the capabilities do not claim raises ``NotSupported``.
    """

    def account(self) -> BrokerAccount: ...

    def positions(self) -> Sequence[BrokerPosition]: ...

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        """Pages of what happened at or after ``since``; one thing may come twice.

        ``resume`` of a page goes on after it, in another session, too.
        """
        ...

    def orders(self, *, since: datetime | None) -> Iterator[Sequence[BrokerOrder]]: ...

    def find_order(self, client_order_id: str) -> BrokerOrder | None: ...

    def submit(self, order: BrokerOrderRequest) -> OrderResult: ...

    def replace(self, order_id: str, change: BrokerOrderChange) -> OrderResult:
        """Have a new order take over from one that works; only ``replaces_orders`` claims it."""
        ...

    def cancel(self, order_id: str) -> None: ...


class ReadOnlySession:
    """Orders of a broker that takes none from us."""

    title: ClassVar[str]

    def orders(self, *, since: datetime | None) -> Iterator[Sequence[BrokerOrder]]:
        raise NotSupported(f"Orders at {self.title} are not read.")

    def find_order(self, client_order_id: str) -> BrokerOrder | None:
        raise NotSupported(f"Orders at {self.title} are not read.")

    def submit(self, order: BrokerOrderRequest) -> OrderResult:
        raise NotSupported(f"{self.title} takes no orders from here.")

    def replace(self, order_id: str, change: BrokerOrderChange) -> OrderResult:
        raise NotSupported(f"{self.title} takes no orders from here.")

    def cancel(self, order_id: str) -> None:
        raise NotSupported(f"{self.title} takes no orders from here.")
