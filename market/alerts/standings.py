"""Where alerts stand now: the price that each waits for, and how far away it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from market.alerts.holdings import holding_source
from market.alerts.kinds import AlertStatus
from market.alerts.levels import PriceFacts, rearm_level, trigger_level
from market.alerts.loading import read_series
from market.corporate_actions.live_splits import comparable_quotes
from market.models import Alert
from market.values import QuoteValue

HUNDREDTH: Final = Decimal("0.01")
LEVEL_PLACES: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Standing:
    """One alert beside the market; prices in its instrument's currency.

    ``level`` is the price that meets the condition, None while what it depends on is not known:
    too few bars, no previous close, nothing held.
    """

    alert: Alert
    level: Decimal | None
    quote: QuoteValue | None

    @property
    def is_met(self) -> bool:
        if self.level is None or self.quote is None:
            return False
        price = self.quote.last
        return price >= self.level if self.alert.waited_for.is_above else price <= self.level

    @property
    def target(self) -> Decimal | None:
        """The price that is waited for next: the level, or where a waiting alert is armed again."""
        if self.level is None or self.alert.status == AlertStatus.TRIGGERED:
            return None
        if self.alert.status == AlertStatus.ARMED:
            return self.level.quantize(LEVEL_PLACES)
        return rearm_level(
            self.level,
            is_above=self.alert.waited_for.is_above,
            distance_bps=settings.LIMITS.alert_rearm_distance_bps,
        ).quantize(LEVEL_PLACES)

    @property
    def distance(self) -> Decimal | None:
        """How far the price has to move to the target: above zero if it must rise."""
        if self.target is None or self.quote is None:
            return None
        return self.target - self.quote.last

    @property
    def distance_pct(self) -> Decimal | None:
        """The distance in percent of the price, to a hundredth."""
        if self.distance is None or self.quote is None or self.quote.last == 0:
            return None
        return (self.distance * 100 / self.quote.last).quantize(HUNDREDTH)


def standings(alerts: Sequence[Alert]) -> dict[UUID, Standing]:
    """By alert id, in the order given. One read of quotes, and three queries at most."""
    waited_for = [(alert, alert.waited_for) for alert in alerts]
    now = timezone.now()
    quotes = comparable_quotes({alert.instrument_id for alert in alerts}, at=now)
    held = {(found.portfolio_id, alert.instrument_id) for alert, found in waited_for}
    costs = average_costs({(one, of) for one, of in held if one is not None})
    lengths = {(alert.instrument_id, found.interval) for alert, found in waited_for}
    series = read_series({(of, one) for of, one in lengths if one is not None}, at=now)
    for (instrument_id, _), closes in series.items():
        if quote := quotes.get(instrument_id):
            closes.price(quote.last, quote.occurred_at)
    standing: dict[UUID, Standing] = {}
    for alert, condition in waited_for:
        instrument_id, quote = alert.instrument_id, quotes.get(alert.instrument_id)
        facts = PriceFacts(previous_close=quote.previous_close if quote else None)
        if condition.portfolio_id is not None:
            cost = costs.get((condition.portfolio_id, instrument_id))
            facts = PriceFacts(average_cost=cost)
        elif condition.interval is not None:
            closes_of = series.get((instrument_id, condition.interval))
            facts = PriceFacts(closes=tuple(closes_of.closes) if closes_of else ())
        standing[alert.id] = Standing(alert, trigger_level(condition, facts), quote)
    return standing


def average_costs(held: set[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], Decimal]:
    return holding_source().average_costs(held) if held else {}
