"""Alerts: what the caller wants to be told of, and what has fired."""

from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from market import queries
from market.alert_schemas import (
    AlertChangeIn,
    AlertIn,
    AlertList,
    AlertOut,
    AlertsAsked,
    AlertTriggerList,
    AlertTriggerOut,
    TriggersAsked,
)
from market.alerts import own_alerts
from market.alerts.standings import standings
from market.alerts.terms import AlertTerms
from market.models import Alert, AlertTrigger

router: Final = Router(tags=["Alerts"])
NEWEST_FIRST: Final = ("-created_at", "-id")


def alerts_of(request: ApiRequest) -> QuerySet[Alert]:
    """The caller's alerts; of holdings, those in portfolios that his key reaches."""
    alerts = Alert.objects.for_user(request.auth.user).filter(reached_by(request.auth))
    return alerts.select_related("instrument", "owner")


def reached_by(caller: Caller) -> Q:
    """What a holding costs is none of a key's business that is bound to other portfolios."""
    if not caller.portfolio_ids:
        return Q()
    return Q(portfolio_id=None) | Q(portfolio_id__in=caller.portfolio_ids)


def find_alert(request: ApiRequest, alert_id: UUID) -> Alert:
    """Raises:
    NotFound: the caller has no such alert.
    """
    found = alerts_of(request).filter(id=alert_id).first()
    if found is None:
        raise NotFound("There is no such alert.")
    return found


def shown(alert: Alert) -> AlertOut:
    return AlertOut.from_standing(standings([alert])[alert.id])


def check_reach(caller: Caller, terms: AlertTerms) -> None:
    """Raises:
    NotFound: the key does not reach the portfolio that the terms name.
    """
    portfolio_id = terms.condition.portfolio_id
    if portfolio_id is not None and not caller.may_use(portfolio_id):
        raise NotFound("There is no such portfolio.")


@router.get("/alerts", response=AlertList, auth=KeyAuth("read"))
def list_alerts(request: ApiRequest, asked: Query[AlertsAsked]) -> AlertList:
    """Alerts of the caller, newest first, each with where it stands now."""
    alerts = alerts_of(request)
    if asked.status is not None:
        alerts = alerts.filter(status=asked.status.value)
    if asked.symbol is not None:
        alerts = alerts.filter(instrument=queries.instrument_by_address(asked.symbol))
    filters = {"status": asked.status, "symbol": asked.symbol}
    page = Listing(request.auth, "alerts", filters).page(
        alerts, order=NEWEST_FIRST, limit=asked.limit, cursor=asked.cursor
    )
    items = [AlertOut.from_standing(standing) for standing in standings(page.items).values()]
    return AlertList(items=items, next_cursor=page.next_cursor)


@router.get("/alerts/triggers", response=AlertTriggerList, auth=KeyAuth("read"))
def list_alert_triggers(request: ApiRequest, asked: Query[TriggersAsked]) -> AlertTriggerList:
    """What has fired, newest first; of deleted alerts, too."""
    rows = AlertTrigger.objects.for_user(request.auth.user).filter(reached_by(request.auth))
    rows = rows.select_related("instrument")
    if asked.alert_id is not None:
        rows = rows.filter(alert_id=asked.alert_id)
    if asked.symbol is not None:
        rows = rows.filter(instrument=queries.instrument_by_address(asked.symbol))
    filters = {"alert_id": asked.alert_id, "symbol": asked.symbol}
    page = Listing(request.auth, "alert triggers", filters).page(
        rows, order=["-recorded_at", "-id"], limit=asked.limit, cursor=asked.cursor
    )
    items = [AlertTriggerOut.from_trigger(trigger) for trigger in page.items]
    return AlertTriggerList(items=items, next_cursor=page.next_cursor)


@router.post("/alerts", response={201: AlertOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def create_alert(request: ApiRequest, payload: AlertIn) -> Status[AlertOut]:
    """Watch for a condition. One that is met already waits until the price has returned."""
    terms = payload.to_terms()
    check_reach(request.auth, terms)
    made = own_alerts.create_alert(
        owner=request.auth.user,
        instrument=queries.instrument_by_address(payload.symbol),
        terms=terms,
        created_at=timezone.now(),
    )
    return Status(201, shown(made))


@router.get("/alerts/{uuid:alert_id}", response=AlertOut, auth=KeyAuth("read"))
def read_alert(request: ApiRequest, alert_id: UUID) -> AlertOut:
    """One alert, and where it stands now."""
    return shown(find_alert(request, alert_id))


@router.patch("/alerts/{uuid:alert_id}", response=AlertOut, auth=KeyAuth("trade"))
def change_alert(request: ApiRequest, alert_id: UUID, payload: AlertChangeIn) -> AlertOut:
    """Change what is given; the new condition is compared with the price anew."""
    alert = find_alert(request, alert_id)
    terms = payload.apply_to(own_alerts.terms_of(alert))
    check_reach(request.auth, terms)
    return shown(own_alerts.change_alert(alert=alert, terms=terms, changed_at=timezone.now()))


@router.delete("/alerts/{uuid:alert_id}", response={204: None}, auth=KeyAuth("trade"))
def delete_alert(request: ApiRequest, alert_id: UUID) -> Status[None]:
    """Watch no more; what has fired stays in the history."""
    own_alerts.delete_alert(alert=find_alert(request, alert_id), deleted_at=timezone.now())
    return Status(204, None)


@router.post("/alerts/{uuid:alert_id}/arming", response=AlertOut, auth=KeyAuth("trade"))
@idempotent(required=False)
def rearm_alert(request: ApiRequest, alert_id: UUID) -> AlertOut:
    """Let an alert that has fired watch again; one that still watches stays as it is."""
    alert = find_alert(request, alert_id)
    return shown(own_alerts.rearm_alert(alert=alert, rearmed_at=timezone.now()))
