"""Dividends and splits as Alpaca's announcements of corporate actions, for its client.

We keep no dates of declaration and record, and know a CUSIP only where an ISIN holds it.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.errors import NotFound, Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.identifiers import read_id
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.credentials import AccountAuth
from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from market.values import plain, plain_or_none

router: Final = Router(tags=["Alpaca"])

RANGE_DAYS: Final = 90
KINDS: Final = {
    "dividend": (ActionKind.DIVIDEND, ActionKind.SPECIAL_DIVIDEND),
    "split": (ActionKind.SPLIT,),
    "merger": (),
    "spinoff": (),
}
FIELDS: Final = {"ex_date": "ex_date", "payable_date": "pay_date"}
# Their ISIN is a country, the CUSIP, and a digit to check it.
CUSIP_COUNTRIES: Final = ("US", "CA")


class AnnouncementsWanted(BaseModel):
    ca_types: Annotated[str, Field(description="`dividend`, `split`, several with commas")]
    since: Annotated[date, Field(description="first day")]
    until: Annotated[date, Field(description="last day, at most 90 days later")]
    symbol: str | None = None
    cusip: str | None = None
    date_type: Annotated[
        Literal["declaration_date", "ex_date", "record_date", "payable_date"],
        Field(description="which date lies between the two; `ex_date` or `payable_date`"),
    ] = "ex_date"


@router.get("/v2/corporate_actions/announcements", auth=AccountAuth("read"))
def list_announcements(request: ApiRequest, wanted: Query[AnnouncementsWanted]) -> HttpResponse:
    """Dividends and splits of a time, by date."""
    if problems := problems_of(wanted):
        raise ProblemsError(problems)
    field = FIELDS[wanted.date_type]
    kinds = [kind for word in wanted.ca_types.split(",") for kind in KINDS[word.strip()]]
    rows = CorporateAction.objects.standing().select_related("instrument")
    rows = rows.filter(kind__in=kinds, **{f"{field}__range": (wanted.since, wanted.until)})
    if wanted.symbol:
        rows = rows.filter(instrument__symbol=wanted.symbol.strip().upper())
    if wanted.cusip:
        rows = rows.filter(instrument__isin__in=isins_of(wanted.cusip))
    return answer([announcement_json(row) for row in rows.order_by(field, "id")])


@router.get("/v2/corporate_actions/announcements/{announcement_id}", auth=AccountAuth("read"))
def get_announcement(request: ApiRequest, announcement_id: str) -> HttpResponse:
    """One dividend or split, by the id that the list gave."""
    rows = CorporateAction.objects.standing().select_related("instrument")
    action_id = read_id(announcement_id)
    found = rows.filter(id=action_id).first() if action_id else None
    if found is None:
        raise NotFound("There is no such corporate action.")
    return answer(announcement_json(found))


def problems_of(wanted: AnnouncementsWanted) -> list[Problem]:
    problems = []
    if unknown := {word.strip() for word in wanted.ca_types.split(",")} - set(KINDS):
        message = f"ca_types had {min(unknown)[:40]!r}, must be of {', '.join(KINDS)}."
        problems.append(Problem("ca_types", "unknown", message))
    if not timedelta(0) <= wanted.until - wanted.since <= timedelta(days=RANGE_DAYS):
        message = f"until was {wanted.until}, must lie within 90 days after {wanted.since}."
        problems.append(Problem("until", "out_of_range", message))
    if wanted.date_type not in FIELDS:
        message = f"{wanted.date_type} is not known here; ask by {' or '.join(FIELDS)}."
        problems.append(Problem("date_type", "unknown", message))
    return problems


def announcement_json(action: CorporateAction) -> dict[str, Any]:
    """Money is of a share, in the currency of the instrument."""
    cusip = cusip_of(action.instrument.isin)
    symbol = action.instrument.symbol
    return {
        "id": str(action.id),
        "corporate_action_id": str(action.id),
        "ca_type": "split" if action.is_split else "dividend",
        "ca_sub_type": sub_type(action),
        "initiating_symbol": symbol,
        "initiating_original_cusip": cusip,
        "target_symbol": symbol,
        "target_original_cusip": cusip,
        "declaration_date": None,
        "ex_date": action.ex_date.isoformat(),
        "record_date": None,
        "payable_date": action.pay_date and action.pay_date.isoformat(),
        "cash": plain_or_none(action.amount_per_share) or "0",
        "old_rate": plain(Decimal(action.ratio_from or 1)),
        "new_rate": plain(Decimal(action.ratio_to or 1)),
    }


def sub_type(action: CorporateAction) -> str:
    if not action.is_split:
        return "cash"
    is_reverse = (action.ratio_to or 1) < (action.ratio_from or 1)
    return "reverse_split" if is_reverse else "stock_split"


def cusip_of(isin: str) -> str:
    return isin[2:-1] if isin[:2] in CUSIP_COUNTRIES else ""


def isins_of(cusip: str) -> list[str]:
    """All whose ``cusip_of`` it is."""
    return [f"{country}{cusip}{digit}" for country in CUSIP_COUNTRIES for digit in range(10)]
