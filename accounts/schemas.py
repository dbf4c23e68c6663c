"""What programs send and get: the common parts, and the shapes of users and keys."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from accounts.auth import Caller
from accounts.exact_json import MomentIn
from accounts.models import ApiKey
from accounts.table_answers import Format
from accounts.tiers import Allowance

PAGE_SIZE: Final = settings.LIMITS.page_size
PAGE_SIZE_MAXIMUM: Final = settings.LIMITS.page_size_maximum


class SchemaIn(BaseModel):
    """What a program sends. An unknown field is refused, because ignoring it may cost money."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class SchemaOut(BaseModel):
    """What a program gets."""

    model_config = ConfigDict(frozen=True)


class PageIn(BaseModel):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=PAGE_SIZE_MAXIMUM)] = PAGE_SIZE
    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before")] = None


FormatIn = Annotated[
    Format | None, Field(description="instead of the header `Accept`; csv and parquet are files")
]


class ProblemItem(SchemaOut):
    field: str
    code: str
    message: str


class ExceededAllowance(SchemaOut):
    """Which limit of the tier was met, and what the next tier would allow."""

    limit: str
    tier: str
    allowed: int | None
    next_tier: str | None
    next_allowed: int | None


class ProblemOut(SchemaOut):
    """RFC 9457. `instance` is the request's id, as in the header `X-Request-ID`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    errors: list[ProblemItem] | None = None
    allowance: ExceededAllowance | None = None


class AllowanceOut(SchemaOut):
    """Limits of the tier; null means without limit."""

    watchlists: int | None
    history_days: int | None
    requests_per_minute: int
    page_requests_per_minute: int
    symbols_per_socket: int
    portfolios: int | None
    open_orders: int
    alerts: int | None
    exports_per_day: int

    @classmethod
    def from_allowance(cls, allowance: Allowance) -> Self:
        return cls(**{name: getattr(allowance, name) for name in cls.model_fields})


class MeOut(SchemaOut):
    id: UUID
    email: str
    display_name: str
    tier: str
    base_currency: str
    joined_at: datetime
    allowance: AllowanceOut
    scopes: list[str]
    portfolio_ids: list[UUID]
    allowed_networks: list[str]

    @classmethod
    def from_caller(cls, caller: Caller) -> Self:
        user = caller.user
        return cls(
            id=user.id,
            email=user.email,
            display_name=user.display_name,
            tier=user.tier,
            base_currency=user.base_currency,
            joined_at=user.joined_at,
            allowance=AllowanceOut.from_allowance(user.allowance),
            scopes=sorted(caller.scopes),
            portfolio_ids=sorted(caller.portfolio_ids),
            allowed_networks=list(caller.networks),
        )


class ApiKeyIn(SchemaIn):
    name: str
    scopes: list[str]
    portfolio_ids: list[UUID] = []
    allowed_networks: Annotated[
        list[str],
        Field(
            description="the only addresses and networks it may be used from; empty means all",
            examples=[["192.0.2.17", "2001:db8::/32"]],
        ),
    ] = []
    expires_at: MomentIn | None = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "nightly report", "scopes": ["read"]}}
    )


class RotationIn(SchemaIn):
    overlap_seconds: Annotated[
        int, Field(ge=0, le=7 * 24 * 3600, description="how long the former key lives on, at most")
    ] = 24 * 3600

    model_config = ConfigDict(json_schema_extra={"example": {"overlap_seconds": 3600}})


class ApiKeyOut(SchemaOut):
    """A key without its secret."""

    id: UUID
    name: str
    lookup: str
    scopes: list[str]
    portfolio_ids: list[UUID]
    allowed_networks: list[str]
    created_at: datetime
    expires_at: datetime | None
    latest_use_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def facts(cls, key: ApiKey) -> dict[str, Any]:
        names = ApiKeyOut.model_fields.keys() - {"allowed_networks"}
        return {name: getattr(key, name) for name in names} | {"allowed_networks": key.networks}

    @classmethod
    def from_key(cls, key: ApiKey) -> Self:
        return cls(**cls.facts(key))


class NewApiKeyOut(ApiKeyOut):
    """A key with its text, which is shown this once."""

    key: str


class ApiKeyList(SchemaOut):
    items: list[ApiKeyOut]
    next_cursor: str | None
