"""What made a portfolio's value change, and the identity that ties it together. Pure.

``start value + flows + realised + unrealised + income - fees - taxes + currency effect = end
value``. Each term comes from its own source (valuations, the journal, the lots), so the gap
between both sides is a check, not a definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portfolio.bookkeeping.amounts import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """Money in the portfolio's currency over one period.

    ``unrealised_gain`` is the period's change of it. Charges of trades are in the gains, because
    they belong to cost and proceeds; ``fees`` and ``taxes`` >= 0 are those that stand alone.
    """

    start_value: Decimal
    end_value: Decimal
    inflow: Decimal  # >= 0
    outflow: Decimal  # >= 0
    realised_gain: Decimal  # against acquisition cost
    unrealised_gain: Decimal
    income: Decimal  # dividends and interest, gross
    fees: Decimal
    taxes: Decimal
    currency_effect: Decimal = ZERO
    trade_fees: Decimal = ZERO  # within the gains
    trade_taxes: Decimal = ZERO

    @property
    def net_flows(self) -> Decimal:
        return self.inflow - self.outflow

    @property
    def gain(self) -> Decimal:
        """What the value changed by, flows aside."""
        return self.end_value - self.start_value - self.net_flows

    @property
    def market_gain(self) -> Decimal:
        """What prices did, before anybody charged for a trade."""
        return self.realised_gain + self.unrealised_gain + self.trade_fees + self.trade_taxes

    @property
    def all_fees(self) -> Decimal:
        return self.fees + self.trade_fees

    @property
    def all_taxes(self) -> Decimal:
        return self.taxes + self.trade_taxes

    @property
    def identity_gap(self) -> Decimal:
        """What the identity leaves unexplained; zero, or the books and the prices disagree."""
        explained = self.realised_gain + self.unrealised_gain + self.income
        explained += self.currency_effect - self.fees - self.taxes
        return self.gain - explained

    @property
    def simple_return(self) -> Decimal | None:
        """The gain as a fraction of what was there and what was paid in; None for nothing."""
        return self._on_what_was_there(self.gain)

    @property
    def gross_gain(self) -> Decimal:
        """The gain as it would be had nobody charged for anything, those of trades included."""
        return self.gain + self.all_fees + self.all_taxes

    @property
    def gross_simple_return(self) -> Decimal | None:
        return self._on_what_was_there(self.gross_gain)

    def _on_what_was_there(self, gain: Decimal) -> Decimal | None:
        base = self.start_value + self.inflow
        return gain / base if base > 0 else None
