"""Account activities for Alpaca's client: fills, and what else moved money."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.cursors import BadCursor
from accounts.exact_json import MomentIn
from accounts.http import ApiRequest
from accounts.utc_days import utc_midnight
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.credentials import AccountAuth, account_of
from integrations.alpaca_api.fill_course import Filled, filled_by
from market.values import plain, plain_or_none, wire_time
from portfolio.models import JournalEntry, Portfolio
from trading.models import Fill
from trading.placing.given_terms import as_given
from trading.states import Status

router: Final = Router(tags=["Alpaca"])
Row = TypeVar("Row", bound=Model)

PAGE: Final = 100
FILL: Final = "FILL"
STAMP: Final = "%Y%m%d%H%M%S%f"
# Of each kind of entry: Alpaca's name, and whether it brings money in or takes it out.
NAMES: Final = {
    "deposit": ("CSD", 1),
    "withdrawal": ("CSW", -1),
    "dividend": ("DIV", 1),
    "interest": ("INT", 1),
    "fee": ("FEE", -1),
    "tax": ("WH", -1),
}

# Whether an entry was taken back since.
IS_REVERSED: Final = Exists(JournalEntry.objects.filter(reverses=OuterRef("pk")))


class ActivitiesWanted(BaseModel):
    activity_types: str | None = None
    after: MomentIn | None = None
    until: MomentIn | None = None
    on: Annotated[date | None, Field(alias="date", description="of this day alone")] = None
    direction: Literal["asc", "desc"] = "desc"
    page_size: Annotated[int, Field(ge=1, le=PAGE)] = PAGE
    page_token: str | None = None


@router.get("/v2/account/activities", auth=AccountAuth("read"))
def list_activities(request: ApiRequest, wanted: Query[ActivitiesWanted]) -> HttpResponse:
    """What moved units and money, newest first."""
    kinds = None
    if wanted.activity_types:
        kinds = {word.strip().upper() for word in wanted.activity_types.split(",")}
    return activities(request, wanted, kinds)


@router.get("/v2/account/activities/{activity_type}", auth=AccountAuth("read"))
def list_activities_of_type(
    request: ApiRequest, activity_type: str, wanted: Query[ActivitiesWanted]
) -> HttpResponse:
    """Those of one type."""
    return activities(request, wanted, {activity_type.upper()})


def activities(
    request: ApiRequest, wanted: ActivitiesWanted, kinds: set[str] | None
) -> HttpResponse:
    """A page goes on after the id of the last activity seen, which holds its time."""
    account = account_of(request)
    rows: list[dict[str, Any]] = []
    if kinds is None or FILL in kinds:
        fills = Fill.objects.filter(portfolio=account).select_related("order", "instrument")
        fills = fills.prefetch_related("order__restatements")
        rows += fill_rows(list(part_of(fills, wanted, "executed_at")))
    names = [kind for kind, (name, _) in NAMES.items() if kinds is None or name in kinds]
    entries = JournalEntry.objects.filter(portfolio=account, kind__in=names)
    entries = entries.select_related("instrument").annotate(is_reversed=IS_REVERSED)
    rows += [entry_json(entry, account) for entry in part_of(entries, wanted, "occurred_at")]
    rows.sort(key=lambda row: str(row["id"]), reverse=wanted.direction == "desc")
    return answer(rows[: wanted.page_size])


def part_of(rows: QuerySet[Row], wanted: ActivitiesWanted, field: str) -> Iterator[Row]:
    """As many as a page may need, by time and id."""
    if wanted.on is not None:
        start = utc_midnight(wanted.on)
        rows = rows.filter(**{f"{field}__gte": start, f"{field}__lt": start + timedelta(days=1)})
    if wanted.after is not None:
        rows = rows.filter(**{f"{field}__gt": wanted.after})
    if wanted.until is not None:
        rows = rows.filter(**{f"{field}__lt": wanted.until})
    is_descending = wanted.direction == "desc"
    if wanted.page_token:
        at, number = read_token(wanted.page_token)
        side = "lt" if is_descending else "gt"
        beyond = Q(**{f"{field}__{side}": at}) | Q(**{field: at, f"id__{side}": number})
        rows = rows.filter(beyond)
    order = [f"-{field}", "-id"] if is_descending else [field, "id"]
    yield from rows.order_by(*order)[: wanted.page_size]


def activity_id(at: datetime, number: UUID) -> str:
    """Time and id, so that texts stand in the order of time."""
    return f"{at.astimezone(UTC):{STAMP}}::{number}"


def read_token(token: str) -> tuple[datetime, UUID]:
    """Raises:
    BadCursor: it is no activity's id.
    """
    stamp, _, number = token.partition("::")
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC), UUID(number)
    except ValueError:
        raise BadCursor from None


def fill_rows(fills: Sequence[Fill]) -> list[dict[str, Any]]:
    courses = filled_by({fill.order_id for fill in fills})
    reached = {one.fill_id: one for course in courses.values() for one in course}
    return [fill_json(fill, reached[str(fill.id)]) for fill in fills]


def fill_json(fill: Fill, reached: Filled) -> dict[str, Any]:
    """As the order was right after it."""
    ordered = as_given(fill.order).quantity if reached.ordered is None else reached.ordered
    return {
        "id": activity_id(fill.executed_at, fill.id),
        "account_id": str(fill.portfolio_id),
        "activity_type": FILL,
        "transaction_time": wire_time(fill.executed_at),
        "type": "fill" if reached.is_whole else "partial_fill",
        "price": plain(fill.price),
        "qty": plain(fill.quantity),
        "side": fill.side,
        "symbol": fill.instrument.symbol,
        "leaves_qty": "0" if reached.is_whole else plain(ordered - reached.quantity),
        "order_id": str(fill.order_id),
        "cum_qty": plain(reached.quantity),
        "order_status": Status.FILLED if reached.is_whole else Status.PARTIALLY_FILLED,
    }


def entry_json(entry: JournalEntry, account: Portfolio) -> dict[str, Any]:
    name, sign = NAMES[entry.kind]
    charges = entry.fees + entry.taxes
    return {
        "id": activity_id(entry.occurred_at, entry.id),
        "account_id": str(account.id),
        "activity_type": name,
        "date": entry.occurred_at.astimezone(UTC).date().isoformat(),
        "net_amount": plain(sign * (entry.amount or Decimal(0)) - charges),
        "description": entry.note,
        "status": "canceled" if entry.is_reversed else "executed",  # type: ignore[attr-defined]
        "symbol": None if entry.instrument is None else entry.instrument.symbol,
        "qty": plain_or_none(entry.quantity),
        "per_share_amount": plain_or_none(entry.unit_price),
    }
