"""The words of the ledger: kinds, keys, and drafts of entries with their postings. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from portfolio.amounts import ZERO, ten_places

FIELD_SEPARATOR: Final = "\x1f"


class LedgerAccountKind(StrEnum):
    """The first three are the portfolio's assets and have balances; the rest are contra."""

    SETTLED = "settled"
    TO_RECEIVE = "to_receive"
    TO_DELIVER = "to_deliver"  # of cash: to pay; balances are negative or zero
    STREET = "street"
    FEES = "fees"
    TAXES = "taxes"
    INCOME = "income"
    EQUITY = "equity"  # deposits and withdrawals


ASSET_KINDS: Final = frozenset(
    {LedgerAccountKind.SETTLED, LedgerAccountKind.TO_RECEIVE, LedgerAccountKind.TO_DELIVER}
)


class EntryKind(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    BUY = "buy"
    SELL = "sell"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FEE = "fee"
    TAX = "tax"
    SETTLEMENT = "settlement"
    REVERSAL = "reversal"

    @classmethod
    def activities(cls) -> frozenset[EntryKind]:
        """Kinds that an investor would call something that happened."""
        return frozenset(cls) - {cls.SETTLEMENT, cls.REVERSAL}

    @classmethod
    def trades(cls) -> tuple[EntryKind, EntryKind]:
        """Kinds that change how many units are owned, and so lots and positions."""
        return (cls.BUY, cls.SELL)


class BalanceKey(NamedTuple):
    """What one balance is of: a portfolio's currency or instrument."""

    portfolio_id: UUID
    currency: str = ""  # empty for units of an instrument
    instrument_id: int | None = None


class AccountKey(NamedTuple):
    portfolio_id: UUID
    kind: LedgerAccountKind
    currency: str = ""
    instrument_id: int | None = None


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """An amount of one commodity into (> 0) or out of (< 0) an account of that kind."""

    kind: LedgerAccountKind
    amount: Decimal
    currency: str = ""
    instrument_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """A journal entry to be posted. Signs and units are those of ``JournalEntry``."""

    id: UUID
    portfolio_id: UUID
    kind: EntryKind
    external_id: str
    occurred_at: datetime
    currency: str
    postings: tuple[PostingDraft, ...]
    instrument_id: int | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    exchange_rate: Decimal | None = None
    note: str = ""
    reverses_id: UUID | None = None

    @property
    def cost(self) -> Decimal:
        """What a purchase cost, its charges included."""
        return (self.amount or ZERO) + self.fees + self.taxes

    @property
    def proceeds(self) -> Decimal:
        """What a sale or income brought, its charges deducted; < 0 where they eat it all."""
        return (self.amount or ZERO) - self.fees - self.taxes

    @property
    def is_trade(self) -> bool:
        return self.kind in (EntryKind.BUY, EntryKind.SELL)

    def body_hash(self) -> bytes:
        """SHA-256 of the facts. Ids are left out: they say which entry, not what it says."""
        text = FIELD_SEPARATOR.join(
            (
                *(self.kind, self.occurred_at.astimezone(UTC).isoformat(), self.currency),
                *(str(self.instrument_id), _canonical(self.quantity), _canonical(self.unit_price)),
                *(_canonical(self.amount), _canonical(self.fees), _canonical(self.taxes)),
                *(_canonical(self.exchange_rate), str(self.reverses_id), self.note),
            )
        )
        return hashlib.sha256(text.encode()).digest()


def _canonical(number: Decimal | None) -> str:
    """One text per value: 1, 1.0 and 1.00 are the same fact."""
    return "" if number is None else str(ten_places(number))
