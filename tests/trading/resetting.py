"""How tests reset a portfolio, and what it has done before."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from market.models import Instrument
from portfolio.models import (
    Portfolio,
)
from tests.trading.factories import (
    NOON,
    give_units,
    leading_matcher,
    place,
    publish_quote,
)
from trading.matcher import Matcher
from trading.models import PortfolioReset
from trading.resets.carrying_out import carry_out
from trading.resets.requests import request_reset

LATER = NOON + timedelta(minutes=1)


def ask(portfolio: Portfolio, cash: str = "50000", *, at: datetime = NOON) -> PortfolioReset:
    return request_reset(
        portfolio=portfolio,
        starting_cash=Decimal(cash),
        requested_at=at,
        actor_id=portfolio.owner_id,
    )


def reset(portfolio: Portfolio, cash: str = "50000", *, at: datetime = NOON) -> PortfolioReset:
    asked = ask(portfolio, cash, at=at)
    assert carry_out(asked.id, at=at)
    portfolio.refresh_from_db()
    return asked


def traded(portfolio: Portfolio, instrument: Instrument) -> Matcher:
    """10 units given, 5 bought and 2 sold a moment ago, one order resting, one stop waiting."""
    give_units(portfolio, instrument, "10")
    publish_quote(instrument)
    place(portfolio, instrument, quantity="5")
    place(portfolio, instrument, side="sell", quantity="2")
    place(portfolio, instrument, limit="90", tif="gtc")
    place(portfolio, instrument, side="sell", stop="80", quantity="3", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    return matcher
