"""What holdings cost, for alerts on their gain."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from accounts.models import User
from portfolio.bookkeeping.amounts import EXACT, ten_places
from portfolio.models import Portfolio, Position


class PortfolioHoldings:
    """Fulfils ``market.alerts.holdings.HoldingSource`` from the positions."""

    def portfolios_of(self, user: User) -> dict[UUID, str]:
        """The portfolios that the user may see: names by id, in his order."""
        owned = Portfolio.objects.for_user(user).order_by("created_at", "id")
        return dict(owned.values_list("id", "name"))

    def average_costs(
        self, holdings: Iterable[tuple[UUID, int]]
    ) -> dict[tuple[UUID, int], Decimal]:
        """Cost per unit of what is held in the currency it trades in. One query."""
        wanted = set(holdings)
        held = Position.objects.filter(
            portfolio_id__in={portfolio_id for portfolio_id, _ in wanted},
            instrument_id__in={instrument_id for _, instrument_id in wanted},
            portfolio__archived_at=None,
            currency=F("instrument__currency"),
            quantity__gt=0,
        )
        rows = held.values_list("portfolio_id", "instrument_id", "quantity", "cost")
        return {
            (portfolio_id, instrument_id): ten_places(EXACT.divide(cost, quantity))
            for portfolio_id, instrument_id, quantity, cost in rows
            if (portfolio_id, instrument_id) in wanted
        }
