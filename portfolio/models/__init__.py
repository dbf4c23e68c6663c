from portfolio.models.ledger import (
    Hold,
    JournalEntry,
    LedgerAccount,
    LedgerBalance,
    Posting,
)
from portfolio.models.lots import Lot, LotClosure, Position
from portfolio.models.portfolios import Portfolio
from portfolio.models.valuations import DailyValuation

__all__ = [
    "DailyValuation",
    "Hold",
    "JournalEntry",
    "LedgerAccount",
    "LedgerBalance",
    "Lot",
    "LotClosure",
    "Portfolio",
    "Position",
    "Posting",
]
