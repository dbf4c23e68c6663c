"""What a portfolio was worth at the end of each day. Derived; may be deleted at any time."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.models.portfolios import Portfolio


class DailyValuation(models.Model):
    """One portfolio-day in the portfolio's currency.

    A day ends at midnight UTC. ``market_value`` is null when a held instrument has no usable
    price or its currency no rate that day, ``cash`` when a currency held has no rate; ``gap``
    says which. Flows are cash and units, at that day's price, that crossed the portfolio's
    border; null where units had no price. ``carried_gain`` is what units that came were worth
    beyond their cost, less the same of units that left. ``income`` is gross, ``fees`` and
    ``taxes`` stood alone or were withheld from it; those of trades are within what these cost
    and brought. The effects are what exchange rates have done up to that day, null without a
    rate: ``currency_effect`` to the cost of the open units, as positions have it, and
    ``cash_effect`` to cash of other currencies since it came, or until it went.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "date")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="valuations",
        db_index=False,
        db_constraint=False,
    )
    date = models.DateField()
    cash = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    market_value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    net_flow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    inflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    outflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    carried_gain = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    income = models.DecimalField(max_digits=28, decimal_places=10, default=ZERO, db_default=ZERO)
    fees = models.DecimalField(max_digits=28, decimal_places=10, default=ZERO, db_default=ZERO)
    taxes = models.DecimalField(max_digits=28, decimal_places=10, default=ZERO, db_default=ZERO)
    trade_fees = models.DecimalField(
        max_digits=28, decimal_places=10, default=ZERO, db_default=ZERO
    )
    trade_taxes = models.DecimalField(
        max_digits=28, decimal_places=10, default=ZERO, db_default=ZERO
    )
    currency_effect = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cash_effect = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    gap = models.CharField(max_length=20, blank=True, default="", db_default="")

    @property
    def total_value(self) -> Decimal | None:
        """Cash and holdings together; null when a holding has no price."""
        if self.market_value is None or self.cash is None:
            return None
        return self.cash + self.market_value


class PositionValuation(models.Model):
    """One position-day: an instrument of a portfolio on a day on which it was held, or moved.

    Money is in the portfolio's currency, ``price`` in the instrument's and of a unit of that
    day, ``rate`` what one of that currency is in the portfolio's. To a position the portfolio
    is outside: ``inflow`` is what was bought, charges counted in, and what arrived; ``outflow``
    what was sold, less charges, and what left. ``income`` is gross, ``charges`` were withheld
    from it, ``trade_charges`` are within the flows. ``currency_effect`` is what rates have done
    to the cost of the open units since they were acquired. A figure is null where a price or a
    rate is missing; ``gap`` says which.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "instrument_id", "date")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="position_valuations",
        db_index=False,
        db_constraint=False,
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    date = models.DateField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    price = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    rate = models.DecimalField(max_digits=38, decimal_places=20, null=True)
    market_value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    inflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    outflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    income = models.DecimalField(max_digits=28, decimal_places=10)
    charges = models.DecimalField(max_digits=28, decimal_places=10)
    trade_charges = models.DecimalField(max_digits=28, decimal_places=10)
    currency_effect = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    gap = models.CharField(max_length=20, blank=True, default="", db_default="")

    @property
    def unrealised_gain(self) -> Decimal | None:
        """Of the units held; null where they have no price or no rate."""
        return None if self.market_value is None else self.market_value - self.cost


class PositionMonth(models.Model):
    """A digest of the position-days of one month, so that those that stay are not written anew."""

    pk = models.CompositePrimaryKey("portfolio_id", "instrument_id", "month")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    month = models.DateField()  # its first day
    digest = models.BinaryField(max_length=16)


class PriceRevision(models.Model):
    """Changes whenever stored prices or rates do, so that nobody goes on with old ones."""

    series = models.CharField(primary_key=True, max_length=40)  # prices:12, or rates
    revision = models.UUIDField()

    def __str__(self) -> str:
        return self.series
