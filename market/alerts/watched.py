"""Everything one process watches: each alert's level, what moves it, and what prices do. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.alerts.close_series import CloseSeries
from market.alerts.crossing_index import Crossing, CrossingIndex, Watch
from market.alerts.kinds import AlertKind
from market.alerts.levels import PriceFacts, trigger_level
from market.alerts.terms import Condition
from market.values import Interval

SeriesKey = tuple[int, Interval]  # instrument and length of its bars
HoldingKey = tuple[UUID, int]  # portfolio and instrument


@dataclass(frozen=True, slots=True)
class WatchedAlert:
    """An alert as it is stored; its level is found here."""

    watch: Watch
    condition: Condition


class Watched:
    """Alerts by what their levels depend on, over the index of their levels."""

    def __init__(self, *, rearm_distance_bps: int) -> None:
        self.index = CrossingIndex(rearm_distance_bps=rearm_distance_bps)
        self._conditions: dict[UUID, Condition] = {}
        self._previous_closes: dict[int, Decimal | None] = {}
        self._average_costs: dict[HoldingKey, Decimal] = {}
        self._series: dict[SeriesKey, CloseSeries] = {}
        self._series_of: defaultdict[int, dict[SeriesKey, CloseSeries]] = defaultdict(dict)
        # What would have to be computed anew; an alert depends on one thing at most.
        self._by_close: defaultdict[int, set[UUID]] = defaultdict(set)
        self._by_holding: defaultdict[HoldingKey, set[UUID]] = defaultdict(set)
        self._by_series: defaultdict[SeriesKey, set[UUID]] = defaultdict(set)

    def put(self, alert: WatchedAlert) -> None:
        self.remove(alert.watch.alert_id)
        alert_id = alert.watch.alert_id
        self._conditions[alert_id] = alert.condition
        dependents = self._dependents(alert.watch.instrument_id, alert.condition)
        if dependents is not None:
            dependents.add(alert_id)
        level = self._level(alert.watch.instrument_id, alert.condition)
        self.index.put(replace(alert.watch, level=level))

    def remove(self, alert_id: UUID) -> None:
        condition = self._conditions.pop(alert_id, None)
        watch = self.index.find(alert_id)
        self.index.remove(alert_id)
        if condition is not None and watch is not None:
            dependents = self._dependents(watch.instrument_id, condition)
            if dependents is not None:
                dependents.discard(alert_id)

    def price(self, instrument_id: int, price: Decimal, at: datetime) -> list[Crossing]:
        """Take in a price: bars it closes move levels first, then it crosses what it reaches."""
        for key, series in self._series_of.get(instrument_id, {}).items():
            if series.price(price, at):
                self._move(instrument_id, self._by_series[key])
        crossings = self.index.price(instrument_id, price, at)
        for crossing in crossings:
            if self.index.find(crossing.alert_id) is None:
                self._forget(instrument_id, crossing.alert_id)
        return crossings

    def set_previous_close(self, instrument_id: int, close: Decimal | None) -> None:
        if self._previous_closes.get(instrument_id) == close:
            return
        self._previous_closes[instrument_id] = close
        self._move(instrument_id, self._by_close.get(instrument_id, ()))

    def set_average_costs(self, costs: Mapping[HoldingKey, Decimal]) -> None:
        """Take in what every holding watched costs; one left out is held no more."""
        changed = [
            key for key in self._by_holding if self._average_costs.get(key) != costs.get(key)
        ]
        self._average_costs = dict(costs)
        for key in changed:
            self._move(key[1], self._by_holding[key])

    def set_series(self, key: SeriesKey, series: CloseSeries) -> None:
        self._series[key] = self._series_of[key[0]][key] = series
        self._move(key[0], self._by_series[key])

    def split(self, instrument_id: int, factor: Decimal) -> None:
        """Take in that shares were split: what was known in former shares is not so any more.

        Series are missing from then on. Thresholds that are prices are the caller's to renew.
        """
        close = self._previous_closes.get(instrument_id)
        self.set_previous_close(instrument_id, None if close is None else close * factor)
        for key in self._series_of.pop(instrument_id, {}):
            del self._series[key]
            self._move(instrument_id, self._by_series[key])

    def holdings(self) -> list[HoldingKey]:
        """The holdings that some alert depends on."""
        return [key for key, alerts in self._by_holding.items() if alerts]

    def series_missing(self) -> list[SeriesKey]:
        """The series that some alert depends on and nobody has set."""
        return [
            key for key, alerts in self._by_series.items() if alerts and key not in self._series
        ]

    def _level(self, instrument_id: int, condition: Condition) -> Decimal | None:
        series = None
        if condition.interval is not None:
            series = self._series.get((instrument_id, condition.interval))
        cost = None
        if condition.portfolio_id is not None:
            cost = self._average_costs.get((condition.portfolio_id, instrument_id))
        facts = PriceFacts(
            previous_close=self._previous_closes.get(instrument_id),
            average_cost=cost,
            closes=() if series is None else tuple(series.closes),
        )
        return trigger_level(condition, facts)

    def _move(self, instrument_id: int, alert_ids: Iterable[UUID]) -> None:
        for alert_id in list(alert_ids):
            self.index.move(alert_id, self._level(instrument_id, self._conditions[alert_id]))

    def _forget(self, instrument_id: int, alert_id: UUID) -> None:
        condition = self._conditions.pop(alert_id)
        dependents = self._dependents(instrument_id, condition)
        if dependents is not None:
            dependents.discard(alert_id)

    def _dependents(self, instrument_id: int, condition: Condition) -> set[UUID] | None:
        if condition.kind is AlertKind.CHANGE_PCT:
            return self._by_close[instrument_id]
        if condition.kind is AlertKind.HOLDING_GAIN_PCT and condition.portfolio_id is not None:
            return self._by_holding[condition.portfolio_id, instrument_id]
        if condition.interval is not None:
            return self._by_series[instrument_id, condition.interval]
        return None
