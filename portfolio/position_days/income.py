"""Income and charges of a portfolio, read from its postings.

Income counts on the day on which it accrues. Where it was a claim before it is paid, the end of
the claim takes off on the day of the payment what the payment brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from accounts.utc_days import utc_midnight
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.bookkeeping.drafts import EntryKind, LedgerAccountKind
from portfolio.corporate_actions.unit_events import PLAIN, STANDS
from portfolio.models import Portfolio
from portfolio.position_days.instrument_days import Earned, InstrumentDay

# What was reversed is left out with its reversal.
BY_DAY: Final = f"""
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date, e.instrument_id, a.kind, e.kind,
    sum(round(p.amount * e.base_rate, 10))
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.currency <> ''
    AND a.kind IN ('income', 'unpaid', 'fees', 'taxes')
    AND e.kind IN ('dividend', 'interest', 'fee', 'tax', 'buy', 'sell', 'accrual', 'accrual_paid')
    AND (%s OR NOT ({PLAIN})) AND e.occurred_at > %s AND e.occurred_at >= %s AND {STANDS}
GROUP BY 1, 2, 3, 4
"""
TRADES: Final = frozenset({EntryKind.BUY, EntryKind.SELL})
EARNED: Final = frozenset({LedgerAccountKind.INCOME, LedgerAccountKind.UNPAID})
# A fee that names an instrument is one of the portfolio, not of that position.
ALONE: Final = frozenset({EntryKind.FEE, EntryKind.TAX})


class Amount(NamedTuple):
    """What entries of one kind came to on a day, as it was posted: income is below zero."""

    date: date
    instrument_id: int | None
    account: str
    kind: str
    posted: Decimal  # in the portfolio's currency

    @property
    def position(self) -> int | None:
        """The instrument whose position earned it or was charged."""
        return None if self.kind in ALONE else self.instrument_id

    def add_to(self, earned: Earned) -> None:
        """Charges of trades stand apart: they belong to what the trades cost and brought."""
        if self.account in EARNED:
            earned.income -= self.posted
        elif self.account == LedgerAccountKind.FEES and self.kind in TRADES:
            earned.trade_fees += self.posted
        elif self.account == LedgerAccountKind.FEES:
            earned.fees += self.posted
        elif self.kind in TRADES:
            earned.trade_taxes += self.posted
        else:
            earned.taxes += self.posted

    def add_to_position(self, of_day: InstrumentDay) -> None:
        if self.account in EARNED:
            of_day.income -= self.posted
        elif self.kind in TRADES:
            of_day.trade_charges += self.posted
        else:
            of_day.charges += self.posted


def read_income(
    portfolio: Portfolio, *, start: date, end: date, with_plain: bool = True
) -> Iterator[Amount]:
    """What came in and was charged on days from ``start`` to ``end``, both included. One query.

    Args:
        with_plain: also the charges of plain trades, see ``plain_trades``.
    """
    parameters = [portfolio.id, with_plain, portfolio.counts_from, utc_midnight(start)]
    found = (Amount(*row) for row in fetch_rows(BY_DAY, parameters))
    return (one for one in found if one.date <= end)
