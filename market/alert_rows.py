"""Alerts as pages show them: worded, with the distance to their target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypedDict

from django.db.models import QuerySet

from accounts.models import User
from accounts.templatetags.formats import (
    direction,
    price,
    price_or_dash,
    signed_percent,
    signed_price,
)
from market.alerts.kinds import AlertStatus
from market.alerts.standings import Standing, standings
from market.alerts.terms import condition_words
from market.boards import BoardRow
from market.charting.price_lines import PriceLine
from market.instruments.short_addresses import shortest_addresses
from market.models import Alert, AlertsSeen, AlertTrigger, Instrument

TRIGGERS_SHOWN: Final = 50
UNSEEN_MAXIMUM: Final = 99
# What fired before somebody looked for the first time, and longer ago than this, is no news.
NEWS: Final = timedelta(days=30)


class Figure(TypedDict):
    """``direction`` is the class of a change, empty for what has none."""

    text: str
    direction: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert and where it stands."""

    standing: Standing
    address: str  # the shortest that means only this instrument
    condition: str

    @property
    def alert(self) -> Alert:
        return self.standing.alert

    @property
    def is_triggered(self) -> bool:
        return self.alert.status == AlertStatus.TRIGGERED

    @property
    def is_waiting(self) -> bool:
        return self.alert.status == AlertStatus.WAITING

    @property
    def figures(self) -> dict[str, Figure]:
        """By the names that the template uses."""
        distance, distance_pct = self.standing.distance, self.standing.distance_pct
        last = self.standing.quote.last if self.standing.quote else None
        return {
            "last": Figure(text=price(last), direction=""),
            "target": Figure(text=price_or_dash(rounded(self.standing.target)), direction=""),
            "distance": Figure(text=signed_price(rounded(distance)), direction=direction(distance)),
            "distance_pct": Figure(
                text=signed_percent(distance_pct), direction=direction(distance_pct)
            ),
        }


@dataclass(frozen=True, slots=True)
class TriggerRow:
    trigger: AlertTrigger
    address: str
    is_news: bool


def rounded(value: Decimal | None) -> Decimal | None:
    """To the hundredth; a level that an indicator gives has no end of places."""
    if value is None or abs(value) < 1:
        return value
    return value.quantize(Decimal("0.01"))


def alert_rows(alerts: Sequence[Alert]) -> list[AlertRow]:
    """Rows in the order given; alerts carry their instruments. Three queries at most."""
    addresses = addresses_of(alert.instrument for alert in alerts)
    found = standings(alerts)
    return [
        AlertRow(
            standing=found[alert.id],
            address=addresses[alert.instrument_id],
            condition=condition_words(alert.waited_for),
        )
        for alert in alerts
    ]


def with_next_alerts(rows: Iterable[BoardRow], *, user: User) -> list[BoardRow]:
    """The rows with the target of the user's alert that is nearest to each price."""
    listed = list(rows)
    ids = [row.instrument.id for row in listed]
    alerts = Alert.objects.for_user(user).active().filter(instrument_id__in=ids)
    nearest: dict[int, Standing] = {}
    for standing in standings(list(alerts)).values():
        if standing.distance is None:
            continue
        best = nearest.get(standing.alert.instrument_id)
        if best is None or best.distance is None or abs(standing.distance) < abs(best.distance):
            nearest[standing.alert.instrument_id] = standing
    words = {key: price(rounded(standing.target)) for key, standing in nearest.items()}
    return [replace(row, next_alert=words.get(row.instrument.id, "")) for row in listed]


def row_figures(rows: Iterable[AlertRow]) -> dict[str, Figure]:
    """All rows' figures, each named ``<figure>:<alert id>``."""
    return {
        f"{name}:{row.alert.id}": figure for row in rows for name, figure in row.figures.items()
    }


def alert_lines(user: User, instrument: Instrument) -> list[PriceLine]:
    """The levels of the user's alerts on one instrument, as its chart draws them."""
    own = Alert.objects.for_user(user).active().filter(instrument=instrument)
    return [
        PriceLine(
            price=standing.level,
            label=condition_words(standing.alert.waited_for),
            is_faint=standing.alert.status == AlertStatus.WAITING,
        )
        for standing in standings(list(own.order_by("created_at", "id"))).values()
        if standing.level is not None
    ]


def trigger_rows(user: User, *, limit: int = TRIGGERS_SHOWN) -> list[TriggerRow]:
    """What has fired, newest first."""
    since = news_since(user)
    found = list(
        AlertTrigger.objects.for_user(user)
        .select_related("instrument")
        .order_by("-recorded_at", "-id")[:limit]
    )
    addresses = addresses_of(trigger.instrument for trigger in found)
    return [
        TriggerRow(
            trigger,
            addresses[trigger.instrument_id],
            is_news=since is None or trigger.recorded_at > since,
        )
        for trigger in found
    ]


def unseen_count(user: User, *, at: datetime) -> int:
    """How much has fired since the user looked, at most 99."""
    since = max(news_since(user) or at - NEWS, at - NEWS)
    news: QuerySet[AlertTrigger] = AlertTrigger.objects.for_user(user)
    return news.filter(recorded_at__gt=since)[:UNSEEN_MAXIMUM].count()


def news_since(user: User) -> datetime | None:
    """When the user last looked at what fired; None where he never did."""
    return AlertsSeen.objects.filter(owner=user).values_list("seen_at", flat=True).first()


def addresses_of(instruments: Iterable[Instrument]) -> dict[int, str]:
    listed = {instrument.id: instrument for instrument in instruments}
    return shortest_addresses(list(listed.values())) if listed else {}
