"""The demo's paper portfolio: trades at real closes, through the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.identifiers import new_id
from accounts.models import User
from market import queries as market_queries
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.entries import EntryDraft, deposit_entry, settlement_entry, trade_entry
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.demo.paper_story import STARTING_CASH, SYMBOLS, StoryTrade, tell
from portfolio.ledger import post_entries
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.valuation import refresh_valuations

CURRENCY: Final = "USD"
FIRST_DATE: Final = date(2016, 1, 4)
CLOSING_TIME: Final = time(16)  # local to the exchange
# The story ends early enough for all of it to be settled.
QUIET_DAYS: Final = 14


@transaction.atomic
def open_paper(*, owner: User, opened_at: datetime) -> Portfolio:
    """Open a paper portfolio whose trades were done at real closes over the past years.

    All of it goes through the ledger: deposit, trades, settlements, and what the market's
    companies paid since; lots and valuations follow.
    Without stored closes there is the deposit alone.

    Raises:
        AllowanceExceeded: the owner's tier includes no further portfolio.
    """
    portfolio = open_portfolio(
        owner=owner,
        name="Demo portfolio",
        kind="paper",
        currency=CURRENCY,
        starting_cash=None,
        opened_at=opened_at,
    )
    yesterday = (opened_at - timedelta(days=1)).astimezone(UTC).date()
    instruments = instruments_called(SYMBOLS)
    closes = story_closes(instruments, through=yesterday)
    trades = tell(closes, through=yesterday - timedelta(days=QUIET_DAYS))
    drafts = draft_entries(portfolio, trades, instruments, opened_at=opened_at)
    posted = post_entries(drafts, recorded_at=opened_at)
    apply_trades(posted.new)
    # As the hourly run would, so that what he finds does not grow within the hour.
    book_market_actions(portfolio, [one.id for one in instruments.values()], at=opened_at)
    refresh_valuations(portfolio.id, yesterday)
    return portfolio


def instruments_called(symbols: Collection[str]) -> dict[str, Instrument]:
    """A story's instruments, by symbol; where several share one, the first listed."""
    found = (
        Instrument.objects.active()
        .filter(symbol__in=symbols, currency=CURRENCY)
        .select_related("exchange")
        .order_by("-id")
    )
    return {instrument.symbol: instrument for instrument in found}


def story_closes(
    instruments: Mapping[str, Instrument], *, through: date
) -> dict[str, list[tuple[date, Decimal]]]:
    symbols = {instrument.id: symbol for symbol, instrument in instruments.items()}
    closes = market_queries.daily_closes(list(symbols), start=FIRST_DATE, end=through)
    return {symbols[instrument_id]: list(series) for instrument_id, series in closes.items()}


def draft_entries(
    portfolio: Portfolio,
    trades: Iterable[StoryTrade],
    instruments: Mapping[str, Instrument],
    *,
    opened_at: datetime,
) -> list[EntryDraft]:
    told = list(trades)
    first_day = min((trade.traded_on for trade in told), default=None)
    deposited_at = opened_at
    if first_day is not None:
        deposited_at = datetime.combine(first_day - timedelta(days=3), time(12), tzinfo=UTC)
    drafts = [
        deposit_entry(
            entry_id=new_id(),
            portfolio_id=portfolio.id,
            external_id="starting-cash",
            occurred_at=deposited_at,
            currency=CURRENCY,
            amount=STARTING_CASH,
            note="Starting cash",
        )
    ]
    for number, trade in enumerate(told, start=1):
        drafts += draft_trade(portfolio, trade, instruments[trade.symbol], number=number)
    return drafts


def draft_trade(
    portfolio: Portfolio, trade: StoryTrade, instrument: Instrument, *, number: int
) -> list[EntryDraft]:
    """The trade at the close of its day, and its settlement."""
    zone = ZoneInfo(instrument.exchange.timezone)
    done = trade_entry(
        entry_id=new_id(),
        portfolio_id=portfolio.id,
        kind=trade.kind,
        external_id=f"demo:{number}",
        occurred_at=datetime.combine(trade.traded_on, CLOSING_TIME, tzinfo=zone),
        currency=CURRENCY,
        instrument_id=instrument.id,
        quantity=trade.quantity,
        unit_price=trade.price,
    )
    settled = settlement_entry(
        entry_id=new_id(),
        portfolio_id=portfolio.id,
        kind=trade.kind,
        external_id=f"demo-settlement:{number}",
        occurred_at=datetime.combine(trade.settles_on, CLOSING_TIME, tzinfo=zone),
        currency=CURRENCY,
        instrument_id=instrument.id,
        quantity=trade.quantity,
        amount=done.amount or ZERO,
    )
    return [done, settled]
