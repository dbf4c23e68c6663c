"""What happened, as drafts of journal entries with their postings. Pure.

A posting to an asset account is positive when it adds to what the portfolio owns. Buying 10
units at 100 USD posts +10 units to the units-to-receive account and -10 units to the street,
-1,000 USD to the cash-to-deliver account and +1,000 USD to the street: each commodity sums to
zero. A commission of 1 USD makes it -1,001 USD to deliver, and +1 USD to the fees account.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.drafts import (
    ASSET_KINDS,
    AccountKey,
    BalanceKey,
    EntryDraft,
    EntryKind,
    LedgerAccountKind,
    PostingDraft,
)

__all__ = [
    "ASSET_KINDS",
    "AccountKey",
    "BalanceKey",
    "EntryDraft",
    "EntryKind",
    "LedgerAccountKind",
    "PostingDraft",
    "cash_entry",
    "charge_entry",
    "deposit_entry",
    "income_entry",
    "settlement_entry",
    "trade_entry",
    "withdrawal_entry",
]

LEAVING: Final = (EntryKind.WITHDRAWAL, EntryKind.TRANSFER_OUT)


def trade_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    quantity: Decimal,
    unit_price: Decimal,
    amount: Decimal | None = None,
    fees: Decimal = ZERO,
    taxes: Decimal = ZERO,
    is_settled: bool = False,
    note: str = "",
) -> EntryDraft:
    """A buy or a sell.

    On the paper market it goes to the accounts to receive and to deliver, and a settlement
    entry follows. With ``is_settled`` it goes to the settled accounts at once, as tracked
    portfolios record it.

    Args:
        amount: the gross money, by default quantity × unit price in ten places.

    Raises:
        ValueError: the kind is neither buy nor sell.
    """
    if kind not in EntryKind.trades():
        raise ValueError(f"kind was {kind}, must be buy or sell")
    gross = product(quantity, unit_price) if amount is None else amount
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        quantity=quantity,
        unit_price=unit_price,
        amount=gross,
        fees=fees,
        taxes=taxes,
        note=note,
        postings=_trade_postings(
            units=quantity if kind == EntryKind.BUY else -quantity,
            gross=gross,
            fees=fees,
            taxes=taxes,
            currency=currency,
            instrument_id=instrument_id,
            is_settled=is_settled,
        ),
    )


def cash_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    amount: Decimal,
    note: str = "",
) -> EntryDraft:
    """Money that comes from outside or leaves; by the kind, or of an adjustment by its sign."""
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        amount=amount,
        note=note,
        postings=_cash_postings(
            -amount if kind in LEAVING else amount, LedgerAccountKind.EQUITY, currency
        ),
    )


deposit_entry: Final = partial(cash_entry, kind=EntryKind.DEPOSIT)
withdrawal_entry: Final = partial(cash_entry, kind=EntryKind.WITHDRAWAL)


def income_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    amount: Decimal,
    fees: Decimal = ZERO,
    taxes: Decimal = ZERO,
    instrument_id: int | None = None,
    note: str = "",
) -> EntryDraft:
    """A dividend or interest: ``amount`` gross, fees and taxes withheld from it."""
    settled = PostingDraft(LedgerAccountKind.SETTLED, amount - fees - taxes, currency)
    income = PostingDraft(LedgerAccountKind.INCOME, -amount, currency)
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        amount=amount,
        fees=fees,
        taxes=taxes,
        note=note,
        postings=_not_zero((settled, income, *_charge_postings(fees, taxes, currency))),
    )


def charge_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    amount: Decimal,
    note: str = "",
) -> EntryDraft:
    """A fee or a tax that stands by itself; ``amount`` > 0 leaves the portfolio."""
    contra = LedgerAccountKind.FEES if kind == EntryKind.FEE else LedgerAccountKind.TAXES
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        amount=amount,
        note=note,
        postings=_cash_postings(-amount, contra, currency),
    )


def settlement_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    quantity: Decimal,
    amount: Decimal,
    fees: Decimal = ZERO,
    taxes: Decimal = ZERO,
) -> EntryDraft:
    """The exchange that a trade promised: what it owed moves to the settled accounts.

    ``kind`` and the numbers are the trade's.
    """
    promised = _trade_postings(
        units=quantity if kind == EntryKind.BUY else -quantity,
        gross=amount,
        fees=fees,
        taxes=taxes,
        currency=currency,
        instrument_id=instrument_id,
        is_settled=False,
    )
    owed = [posting for posting in promised if posting.kind in ASSET_KINDS]
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=EntryKind.SETTLEMENT,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        quantity=quantity,
        amount=amount,
        fees=fees,
        taxes=taxes,
        postings=tuple(_moved_to_settled(owed)),
    )


def _trade_postings(
    *,
    units: Decimal,
    gross: Decimal,
    fees: Decimal,
    taxes: Decimal,
    currency: str,
    instrument_id: int,
    is_settled: bool,
) -> tuple[PostingDraft, ...]:
    """``units`` > 0 are bought, < 0 sold; ``gross`` > 0 is what they cost before charges."""
    street_cash = gross if units > 0 else -gross
    cash = -street_cash - fees - taxes
    street = LedgerAccountKind.STREET
    return _not_zero(
        (
            PostingDraft(_asset(units, is_settled), units, instrument_id=instrument_id),
            PostingDraft(street, -units, instrument_id=instrument_id),
            PostingDraft(_asset(cash, is_settled), cash, currency),
            PostingDraft(street, street_cash, currency),
            *_charge_postings(fees, taxes, currency),
        )
    )


def _asset(amount: Decimal, is_settled: bool) -> LedgerAccountKind:
    if is_settled:
        return LedgerAccountKind.SETTLED
    return LedgerAccountKind.TO_RECEIVE if amount > 0 else LedgerAccountKind.TO_DELIVER


def _moved_to_settled(owed: Sequence[PostingDraft]) -> Sequence[PostingDraft]:
    settled = LedgerAccountKind.SETTLED
    moves = []
    for posting in owed:
        commodity = (posting.currency, posting.instrument_id)
        moves.append(PostingDraft(posting.kind, -posting.amount, *commodity))
        moves.append(PostingDraft(settled, posting.amount, *commodity))
    return moves


def _cash_postings(
    amount: Decimal, contra: LedgerAccountKind, currency: str
) -> tuple[PostingDraft, ...]:
    return (
        PostingDraft(LedgerAccountKind.SETTLED, amount, currency),
        PostingDraft(contra, -amount, currency),
    )


def _charge_postings(fees: Decimal, taxes: Decimal, currency: str) -> tuple[PostingDraft, ...]:
    return (
        PostingDraft(LedgerAccountKind.FEES, fees, currency),
        PostingDraft(LedgerAccountKind.TAXES, taxes, currency),
    )


def _not_zero(postings: Sequence[PostingDraft]) -> tuple[PostingDraft, ...]:
    return tuple(posting for posting in postings if posting.amount)
