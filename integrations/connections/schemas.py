"""Brokers, connections and syncs as programs send and get them. Credentials only ever come in."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr

from accounts.schemas import SchemaIn, SchemaOut
from integrations.brokers.adapters import Adapter
from integrations.connections.own_connections import ConnectionChange, NewConnection
from integrations.models import BrokerRow, Connection, Sync

Credentials = Annotated[
    dict[str, SecretStr],
    Field(
        description="by the names of the broker's `credentials`; never shown again",
        examples=[{"api_key": "AK…", "api_secret": "…"}],
        max_length=20,
    ),
]
MasterPassword = Annotated[
    SecretStr,
    Field(description="seals the credentials, too; the desk asks for it, and nobody can reset it"),
]
Symbols = Annotated[
    dict[str, str],
    Field(
        description="which instrument is meant by what the broker calls one",
        examples=[{"VODl_EQ": "XLON:VOD"}],
        max_length=500,
    ),
]


def opened(secrets: dict[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


class CredentialFieldOut(SchemaOut):
    name: str
    label: str
    is_secret: bool
    is_required: bool
    hint: str
    choices: Annotated[list[str], Field(description="empty where anything may be entered")]


class OrderKindOut(SchemaOut):
    type: str
    times_in_force: list[str]
    takes_fractions: bool
    takes_notional: bool


class BrokerOut(SchemaOut):
    """What a broker is asked for, and what can be done there."""

    name: str
    title: str
    hint: str
    reads: list[str]
    orders: list[OrderKindOut]
    replaces_orders: bool
    has_sandbox: bool
    signs_in_again: bool
    credentials: list[CredentialFieldOut]

    @classmethod
    def of(cls, adapter: Adapter) -> Self:
        can = adapter.capabilities
        return cls(
            name=adapter.name,
            title=adapter.title,
            hint=adapter.hint,
            reads=sorted(can.reads),
            orders=[
                OrderKindOut(
                    type=name,
                    times_in_force=sorted(kind.times_in_force),
                    takes_fractions=kind.takes_fractions,
                    takes_notional=kind.takes_notional,
                )
                for name, kind in can.orders.items()
            ],
            replaces_orders=can.replaces_orders,
            has_sandbox=can.has_sandbox,
            signs_in_again=can.signs_in_again,
            credentials=[
                CredentialFieldOut(
                    name=one.name,
                    label=one.label,
                    is_secret=one.is_secret,
                    is_required=one.is_required,
                    hint=one.hint,
                    choices=list(one.choices),
                )
                for one in adapter.credentials
            ],
        )


class BrokerList(SchemaOut):
    items: list[BrokerOut]
    next_cursor: str | None


class ConnectionIn(SchemaIn):
    broker: Annotated[str, Field(description="a name of GET /brokers", examples=["alpaca"])]
    portfolio_id: Annotated[UUID, Field(description="a tracked portfolio of yours")]
    credentials: Credentials
    name: str = ""
    is_sandbox: Annotated[bool, Field(description="the broker's own place to practise")] = False
    is_scheduled: Annotated[bool, Field(description="synced every six hours")] = True
    master_password: MasterPassword = SecretStr("")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "broker": "alpaca",
                "portfolio_id": "0198f0a2-7c1e-7d53-9f0e-5a3f2d1c4b6a",
                "credentials": {"api_key": "AKEXAMPLE", "api_secret": "example-secret"},
            }
        }
    )

    def to_terms(self) -> NewConnection:
        return NewConnection(
            broker=self.broker,
            portfolio_id=self.portfolio_id,
            name=self.name,
            is_sandbox=self.is_sandbox,
            is_scheduled=self.is_scheduled,
            credentials=opened(self.credentials),
            master_password=self.master_password.get_secret_value(),
        )


class ConnectionChangeIn(SchemaIn):
    """What is left out stays as it is."""

    name: str | None = None
    is_scheduled: bool | None = None
    is_enabled: bool | None = None
    symbols: Symbols | None = None
    credentials: Credentials | None = None
    master_password: MasterPassword = SecretStr("")

    model_config = ConfigDict(json_schema_extra={"example": {"is_scheduled": False}})

    def to_change(self) -> ConnectionChange:
        return ConnectionChange(
            name=self.name,
            is_scheduled=self.is_scheduled,
            is_enabled=self.is_enabled,
            symbols=self.symbols,
            credentials=None if self.credentials is None else opened(self.credentials),
            master_password=self.master_password.get_secret_value(),
        )


class UnlockIn(SchemaIn):
    master_password: MasterPassword

    model_config = ConfigDict(json_schema_extra={"example": {"master_password": "a long phrase"}})


class DeletionIn(SchemaIn):
    with_activities: Annotated[
        bool, Field(description="reverse what it booked; else that stays in the books")
    ] = False


class ConnectionOut(SchemaOut):
    id: UUID
    broker: str
    name: str
    portfolio_id: UUID
    is_sandbox: bool
    is_scheduled: bool
    state: Annotated[str, Field(description="unverified, connected, sign_in_needed or disabled")]
    sign_in_reason: str
    account_id: Annotated[str, Field(description="the broker's own; empty until it was reached")]
    symbols: Symbols
    created_at: datetime
    synced_at: datetime | None
    read_through: Annotated[
        datetime | None, Field(description="up to when everything at the broker was read")
    ]
    due_at: datetime

    @classmethod
    def of(cls, row: Connection) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ConnectionList(SchemaOut):
    items: list[ConnectionOut]
    next_cursor: str | None


class DifferenceOut(SchemaOut):
    """What the broker has that the books do not, or the other way round."""

    what: Annotated[str, Field(description="units or cash")]
    name: Annotated[str, Field(description="a symbol or a currency")]
    broker: str
    books: str
    difference: Annotated[str, Field(description="the broker's less the books'")]


class SyncOut(SchemaOut):
    id: UUID
    connection_id: UUID
    kind: str
    status: Annotated[str, Field(description="queued, running, completed or failed")]
    is_scheduled: bool
    requested_at: datetime
    finished_at: datetime | None
    pages: int
    rows_read: int
    rows_new: Annotated[int, Field(description="read for the first time")]
    rows_booked: int
    rows_known: Annotated[int, Field(description="found in the books already")]
    rows_waiting: Annotated[int, Field(description="that need you; see the connection's rows")]
    differences: list[DifferenceOut]
    error_code: str
    error: str

    @classmethod
    def of(cls, row: Sync) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class SyncList(SchemaOut):
    items: list[SyncOut]
    next_cursor: str | None


class RowProblemOut(SchemaOut):
    field: str
    code: str
    message: str


class BrokerRowOut(SchemaOut):
    """One thing that the broker told, and what became of it."""

    external_id: str
    event_id: Annotated[
        str, Field(description="shared by legs that are booked together; empty where it has none")
    ]
    occurred_at: datetime
    facts: Annotated[dict[str, str], Field(description="as an activity of yours has them")]
    symbol: str
    isin: str
    status: Annotated[str, Field(description="new, booked, known or problem")]
    problems: list[RowProblemOut]
    activity_id: Annotated[UUID | None, Field(description="what it became, or repeats")]

    @classmethod
    def of(cls, row: BrokerRow) -> Self:
        names = set(cls.model_fields) - {"activity_id"}
        return cls(activity_id=row.entry_id, **{name: getattr(row, name) for name in names})


class BrokerRowList(SchemaOut):
    items: list[BrokerRowOut]
    next_cursor: str | None
