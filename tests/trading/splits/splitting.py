"""Splits, and the worker's run that adjusts orders to them, as tests call them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from market.models import CorporateAction, Instrument
from tests.trading.factories import (
    NOON,
    Clock,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
)
from trading.changing.split_orders import adjust_orders, cancel_misled, overtaken
from trading.matcher import Matcher
from trading.models import Order

EX_DATE = date(2026, 3, 5)  # the day after NOON
MIDNIGHT = datetime.fromisoformat("2026-03-05T05:00:00+00:00")  # in New York


def split(
    instrument: Instrument, words: str = "4 for 1", *, ex_date: date = EX_DATE, **fields: Any
) -> CorporateAction:
    """One that was known before it took effect, unless told otherwise."""
    ratio_to, ratio_from = words.split(" for ")
    return CorporateAction.objects.create(
        instrument=instrument,
        kind="split",
        ex_date=ex_date,
        ratio_from=int(ratio_from),
        ratio_to=int(ratio_to),
        source="manual",
        **({"recorded_at": NOON, "changed_at": NOON} | fields),
    )


def adjust(now: datetime = MIDNIGHT) -> int:
    """What the worker does every minute; how many orders are asked for."""
    return cancel_misled(now=now) + sum(
        adjust_orders(*pair, now=now) for pair in overtaken(now=now)
    )


class Desk:
    """A portfolio with 10 AAPL and the matcher, on the day before AAPL splits."""

    def __init__(self) -> None:
        self.portfolio, self.apple = make_portfolio(), make_instrument()
        give_units(self.portfolio, self.apple, "10")
        publish_quote(self.apple)
        self.clock = Clock()
        self.matcher: Matcher = leading_matcher(self.clock)

    def place(self, **fields: Any) -> Order:
        order = place(self.portfolio, self.apple, **({"tif": "gtc"} | fields))
        self.matcher.work()
        return order

    def over_the_split(self, words: str = "4 for 1") -> CorporateAction:
        """Begin the ex-date, let the worker look, and the matcher do what it asks for."""
        action = split(self.apple, words)
        self.clock.now = MIDNIGHT
        adjust()
        self.matcher.work()
        return action

    def quote(self, **fields: str) -> None:
        publish_quote(self.apple, at=self.clock.advance(hours=12), **fields)
        self.matcher.work()


def terms_of(order: Order) -> tuple[object, ...]:
    order.refresh_from_db()
    return facts(order.quantity, order.limit_price, order.stop_price, order.status)


def reread(order: Order) -> Order:
    order.refresh_from_db()
    return order
