"""Members, share links and what a link opens, as programs send and get them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.exact_json import MomentIn
from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.models import ShareLink
from portfolio.sharing.members import MemberRow
from portfolio.sharing.percentages import SharedPortfolio, SharedShare

RoleIn = Annotated[str, Field(description="editor or viewer", examples=["viewer"])]


class MemberIn(SchemaIn):
    email: Annotated[str, Field(description="of an existing user", max_length=254)]
    role: RoleIn

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "partner@example.com", "role": "viewer"}}
    )


class MemberPatch(SchemaIn):
    role: RoleIn

    model_config = ConfigDict(json_schema_extra={"example": {"role": "editor"}})


class MemberOut(SchemaOut):
    """`id` is null for the owner, who is no member and cannot be removed."""

    id: UUID | None
    email: str
    display_name: str
    role: Annotated[str, Field(description="owner, editor or viewer")]
    added_at: datetime

    @classmethod
    def of(cls, row: MemberRow) -> Self:
        return cls(
            id=row.id,
            email=row.email,
            display_name=row.display_name,
            role=row.role,
            added_at=row.added_at,
        )


class MemberList(SchemaOut):
    items: list[MemberOut]
    next_cursor: str | None


class ShareLinkIn(SchemaIn):
    label: Annotated[str, Field(description="what visitors read at the top")]
    expires_at: Annotated[
        MomentIn | None, Field(description="null for a link that works until it is revoked")
    ] = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"label": "How my savings do", "expires_at": None}}
    )


class ShareLinkOut(SchemaOut):
    id: UUID
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    is_live: bool

    @classmethod
    def of(cls, link: ShareLink, *, at: datetime) -> Self:
        names = ("id", "label", "created_at", "expires_at", "revoked_at")
        return cls(**{name: getattr(link, name) for name in names}, is_live=link.is_live(at))


class NewShareLinkOut(ShareLinkOut):
    """`token` and `url` are told this once."""

    token: str
    url: Annotated[str, Field(examples=["https://desk.example/shared/…"])]

    @classmethod
    def told(cls, link: ShareLink, *, token: str, url: str, at: datetime) -> Self:
        return cls(**ShareLinkOut.of(link, at=at).model_dump(), token=token, url=url)


class ShareLinkList(SchemaOut):
    items: list[ShareLinkOut]
    next_cursor: str | None


class SharedHoldingOut(SchemaOut):
    symbol: str
    name: str
    weight_pct: NumberOut | None
    gain_pct: NumberOut | None
    day_change_pct: NumberOut | None


class SharedShareOut(SchemaOut):
    name: str
    weight_pct: NumberOut


class SharedReturnOut(SchemaOut):
    label: str
    value_pct: NumberOut | None


class SharedPointOut(SchemaOut):
    date: date
    return_pct: NumberOut


class SharedPortfolioOut(SchemaOut):
    """Percentages in percent, rounded to a tenth; no amounts, quantities or prices."""

    label: str
    as_of: datetime
    holdings: list[SharedHoldingOut]
    cash_weight_pct: NumberOut | None
    sectors: list[SharedShareOut]
    countries: list[SharedShareOut]
    currencies: list[SharedShareOut]
    returns: list[SharedReturnOut]
    series: list[SharedPointOut]

    @classmethod
    def of(cls, label: str, found: SharedPortfolio) -> Self:
        def shares(rows: "list[SharedShare] | tuple[SharedShare, ...]") -> list[SharedShareOut]:
            return [SharedShareOut(name=row.name, weight_pct=row.weight_pct) for row in rows]

        return cls(
            label=label,
            as_of=found.as_of,
            holdings=[
                SharedHoldingOut(
                    symbol=row.symbol,
                    name=row.name,
                    weight_pct=row.weight_pct,
                    gain_pct=row.gain_pct,
                    day_change_pct=row.day_change_pct,
                )
                for row in found.holdings
            ],
            cash_weight_pct=found.cash_weight_pct,
            sectors=shares(list(found.sectors)),
            countries=shares(list(found.countries)),
            currencies=shares(list(found.currencies)),
            returns=[
                SharedReturnOut(label=row.label, value_pct=row.value_pct) for row in found.returns
            ],
            series=[SharedPointOut(date=day.date, return_pct=day.value) for day in found.series],
        )
