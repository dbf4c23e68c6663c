"""Entries that tests of the books need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection

from accounts.identifiers import new_id
from accounts.models import User
from market.models import Instrument
from portfolio.bookkeeping.entries import (
    EntryDraft,
    EntryKind,
    deposit_entry,
    settlement_entry,
    trade_entry,
)
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.ledger import PostedEntries, post_entries
from portfolio.models import LedgerBalance, Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday

Result = TypeVar("Result")


def make_tracked(
    owner: User,
    *,
    name: str = "Tracked",
    cash: str | None = "100000",
    opened_at: datetime = NOON,
) -> Portfolio:
    """A portfolio that records what happened elsewhere."""
    return open_portfolio(
        owner=owner,
        name=name,
        kind="tracked",
        currency="USD",
        starting_cash=None if cash is None else Decimal(cash),
        opened_at=opened_at,
    )


def draft_deposit(
    portfolio: Portfolio, amount: str = "1000", *, external_id: str = "", at: datetime = NOON
) -> EntryDraft:
    entry_id = new_id()
    return deposit_entry(
        entry_id=entry_id,
        portfolio_id=portfolio.id,
        external_id=external_id or str(entry_id),
        occurred_at=at,
        currency="USD",
        amount=Decimal(amount),
    )


def draft_trade(
    portfolio: Portfolio,
    instrument: Instrument,
    kind: EntryKind = EntryKind.BUY,
    *,
    quantity: str = "10",
    price: str = "100",
    fees: str = "0",
    at: datetime = NOON,
    is_settled: bool = False,
) -> EntryDraft:
    entry_id = new_id()
    return trade_entry(
        entry_id=entry_id,
        portfolio_id=portfolio.id,
        kind=kind,
        external_id=str(entry_id),
        occurred_at=at,
        currency="USD",
        instrument_id=instrument.id,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        fees=Decimal(fees),
        is_settled=is_settled,
    )


def draft_settlement(trade: EntryDraft, *, at: datetime = NOON + timedelta(days=1)) -> EntryDraft:
    assert trade.instrument_id is not None
    assert trade.quantity is not None
    assert trade.amount is not None
    return settlement_entry(
        entry_id=new_id(),
        portfolio_id=trade.portfolio_id,
        kind=trade.kind,
        external_id=f"settlement:{trade.id}",
        occurred_at=at,
        currency=trade.currency,
        instrument_id=trade.instrument_id,
        quantity=trade.quantity,
        amount=trade.amount,
        fees=trade.fees,
        taxes=trade.taxes,
    )


def post(*drafts: EntryDraft, at: datetime = NOON) -> PostedEntries:
    """Post entries and let lots and positions follow, as the operations above the ledger do."""
    posted = post_entries(drafts, recorded_at=at)
    apply_trades(posted.new)
    return posted


def cash_balance(portfolio: Portfolio) -> LedgerBalance:
    return LedgerBalance.objects.get(portfolio=portfolio, currency=portfolio.currency)


def units_balance(portfolio: Portfolio, instrument: Instrument) -> LedgerBalance:
    return LedgerBalance.objects.get(portfolio=portfolio, instrument=instrument)


def activity(
    kind: str,
    *,
    instrument: Instrument | None = None,
    at: datetime = NOON,
    external_id: str = "",
    fees: str = "0",
    **numbers: Any,
) -> ActivityDraft:
    """``activity("buy", instrument=apple, quantity="10", unit_price="100")``."""
    parsed: dict[str, Any] = {name: Decimal(number) for name, number in numbers.items()}
    return ActivityDraft(
        kind=kind,
        occurred_at=at,
        instrument=instrument,
        external_id=external_id,
        fees=Decimal(fees),
        **parsed,
    )


def race(actions: Sequence[Callable[[], Result]], *, threads: int = 8) -> list[Result | Exception]:
    """Run actions at once, each thread on a connection of its own; tell results or failures."""
    barrier = threading.Barrier(min(threads, len(actions)))

    def run(indexed: tuple[int, Callable[[], Result]]) -> Result | Exception:
        index, action = indexed
        try:
            if index < barrier.parties:
                barrier.wait(timeout=10)
            return action()
        except Exception as error:  # noqa: BLE001 - told to the test, which looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=barrier.parties) as pool:
        return list(pool.map(run, enumerate(actions)))


def decimals(*numbers: int | str | Decimal) -> tuple[Decimal, ...]:
    """Several exact numbers, to compare several at once."""
    return tuple(Decimal(number) for number in numbers)
