"""The words of the ledger: kinds, keys, and drafts of entries with their postings. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from market.currencies.currency_units import units_per_major
from portfolio.bookkeeping.amounts import EXACT, ZERO, product, ten_places

FIELD_SEPARATOR: Final = "\x1f"
ONE: Final = Decimal(1)


class LedgerAccountKind(StrEnum):
    """The first four are the portfolio's assets and have balances; the rest are contra."""

    SETTLED = "settled"
    TO_RECEIVE = "to_receive"
    TO_DELIVER = "to_deliver"  # of cash: to pay; balances are negative or zero
    ACCRUED = "accrued"  # dividends that are due and not paid: nothing that can be spent yet
    STREET = "street"
    FEES = "fees"
    TAXES = "taxes"
    INCOME = "income"
    UNPAID = "unpaid"  # income that has accrued, until it is paid
    EQUITY = "equity"  # deposits and withdrawals
    RESET = "reset"  # what a portfolio had when it was reset


ASSET_KINDS: Final = frozenset(
    {
        *(LedgerAccountKind.SETTLED, LedgerAccountKind.TO_RECEIVE, LedgerAccountKind.TO_DELIVER),
        LedgerAccountKind.ACCRUED,
    }
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
    SPLIT = "split"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    SPIN_OFF = "spin_off"
    ADJUSTMENT = "adjustment"
    SETTLEMENT = "settlement"
    REVERSAL = "reversal"
    RESTATEMENT = "restatement"  # units that another entry is found to have changed
    ACCRUAL = "accrual"  # a dividend is due
    ACCRUAL_PAID = "accrual_paid"  # and is due no more, because it was paid

    @classmethod
    def activities(cls) -> frozenset[EntryKind]:
        """Kinds that an investor would call something that happened."""
        bookkeeping = {cls.SETTLEMENT, cls.REVERSAL, cls.RESTATEMENT, *cls.claims()}
        return frozenset(cls) - bookkeeping

    @classmethod
    def trades(cls) -> tuple[EntryKind, EntryKind]:
        """Kinds that exchange units for money."""
        return (cls.BUY, cls.SELL)

    @classmethod
    def unit_changes(cls) -> tuple[EntryKind, ...]:
        """Kinds that may change how many units are owned or what they cost, and so lots."""
        return (*cls.trades(), *cls.corporate_actions(), *cls.deliveries())

    @classmethod
    def corporate_actions(cls) -> tuple[EntryKind, EntryKind]:
        return (cls.SPLIT, cls.SPIN_OFF)

    @classmethod
    def claims(cls) -> tuple[EntryKind, EntryKind]:
        """Kinds that make a claim to a dividend, and end it."""
        return (cls.ACCRUAL, cls.ACCRUAL_PAID)

    @classmethod
    def of_the_market(cls) -> tuple[EntryKind, ...]:
        """Kinds that book themselves where the market's splits and dividends do."""
        return (cls.SPLIT, cls.DIVIDEND, *cls.claims())

    @classmethod
    def deliveries(cls) -> tuple[EntryKind, EntryKind, EntryKind]:
        """Kinds that carry units, or money, over the portfolio's border."""
        return (cls.TRANSFER_IN, cls.TRANSFER_OUT, cls.ADJUSTMENT)


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
class LotFact:
    """A lot that an entry names: one that a sale uses, or one that a transfer brings."""

    quantity: Decimal
    lot_id: UUID | None = None  # of a sale
    cost: Decimal | None = None  # of a transfer, charges included, in the entry's currency
    opened_at: datetime | None = None  # of a transfer

    def plain(self) -> dict[str, str]:
        """As JSON keeps it: numbers, ids and times as texts."""
        found = {"quantity": _canonical(self.quantity)}
        if self.lot_id is not None:
            found["lot_id"] = str(self.lot_id)
        if self.cost is not None:
            found["cost"] = _canonical(self.cost)
        if self.opened_at is not None:
            found["opened_at"] = self.opened_at.astimezone(UTC).isoformat()
        return found

    @classmethod
    def from_plain(cls, plain: Mapping[str, str]) -> LotFact:
        lot_id, cost, opened_at = (plain.get(name) for name in ("lot_id", "cost", "opened_at"))
        return cls(
            quantity=Decimal(plain["quantity"]),
            lot_id=None if lot_id is None else UUID(lot_id),
            cost=None if cost is None else Decimal(cost),
            opened_at=None if opened_at is None else datetime.fromisoformat(opened_at),
        )


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
    restates_id: UUID | None = None
    settled_currency: str = ""  # of the cash that moved; empty: ``currency``
    base_rate: Decimal = ONE  # the portfolio's currency for one of the settled currency
    local_rate: Decimal = ONE  # the instrument's currency for one of ``currency``
    ratio_from: Decimal | None = None
    ratio_to: Decimal | None = None
    source_instrument_id: int | None = None  # of a spin-off: whose cost is shared
    cost_share: Decimal | None = None
    lots: tuple[LotFact, ...] = ()

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

    @property
    def changes_units(self) -> bool:
        return self.instrument_id is not None and self.kind in EntryKind.unit_changes()

    def body_hash(self) -> bytes:
        """SHA-256 of the facts. Ids are left out: they say which entry, not what it says."""
        text = FIELD_SEPARATOR.join(
            (
                *(self.kind, self.occurred_at.astimezone(UTC).isoformat(), self.currency),
                *(str(self.instrument_id), _canonical(self.quantity), _canonical(self.unit_price)),
                *(_canonical(self.amount), _canonical(self.fees), _canonical(self.taxes)),
                *(_canonical(self.exchange_rate), str(self.reverses_id), self.note),
                *self._further_facts(),
            )
        )
        return hashlib.sha256(text.encode()).digest()

    def _further_facts(self) -> list[str]:
        """Facts that most entries lack. The rates of the day are none: they are looked up."""
        named = (
            ("ratio_from", _canonical(self.ratio_from)),
            ("ratio_to", _canonical(self.ratio_to)),
            ("source", "" if self.source_instrument_id is None else str(self.source_instrument_id)),
            ("cost_share", _canonical(self.cost_share)),
            ("restates", "" if self.restates_id is None else str(self.restates_id)),
            ("lots", ";".join(",".join(map(str, lot.plain().items())) for lot in self.lots)),
        )
        return [f"{name}={text}" for name, text in named if text]


def in_settled(amount: Decimal, currency: str, exchange_rate: Decimal | None) -> Decimal:
    """Reported money as the cash that moves: at the booked rate, and pennies as pounds."""
    if exchange_rate is not None:
        return product(amount, exchange_rate)
    per_major = units_per_major(currency)
    return amount if per_major == ONE else ten_places(EXACT.divide(amount, per_major))


def _canonical(number: Decimal | None) -> str:
    """One text per value: 1, 1.0 and 1.00 are the same fact."""
    return "" if number is None else str(ten_places(number))
