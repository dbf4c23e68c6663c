from portfolio.bookkeeping.entries import EntryKind, LedgerAccountKind
from portfolio.models.books import BooksViolation, ProbeRun
from portfolio.models.imports import FileImport, FileImportRow, SavedMapping
from portfolio.models.indices import IndexClose, IndexSeries
from portfolio.models.ledger import (
    Hold,
    JournalEntry,
    LedgerAccount,
    LedgerBalance,
    Posting,
)
from portfolio.models.lots import Lot, LotClosure, Position, UnitMove
from portfolio.models.portfolios import (
    LotMethod,
    Portfolio,
    PortfolioKind,
    PortfolioMember,
)
from portfolio.models.risk_thresholds import RiskThreshold
from portfolio.models.seals import JournalSeal, LedgerVerification
from portfolio.models.share_links import ShareLink
from portfolio.models.valuations import (
    DailyValuation,
    PositionMonth,
    PositionValuation,
    PriceRevision,
)

__all__ = [
    "BooksViolation",
    "DailyValuation",
    "EntryKind",
    "FileImport",
    "FileImportRow",
    "Hold",
    "IndexClose",
    "IndexSeries",
    "JournalEntry",
    "JournalSeal",
    "LedgerAccount",
    "LedgerAccountKind",
    "LedgerBalance",
    "LedgerVerification",
    "Lot",
    "LotClosure",
    "LotMethod",
    "Portfolio",
    "PortfolioKind",
    "PortfolioMember",
    "Position",
    "PositionMonth",
    "PositionValuation",
    "Posting",
    "PriceRevision",
    "ProbeRun",
    "RiskThreshold",
    "SavedMapping",
    "ShareLink",
    "UnitMove",
]
