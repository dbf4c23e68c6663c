"""Working orders at a split: the matcher restates them, or ends what it cannot restate.

The units of the position are booked first, by the operation that books them anyway, so a sale finds
them for what it then holds. Whoever dies half way is followed by the next run: both steps look at
what is done.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from market import calendar
from market.live.live_quotes import latest_quotes
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from market.values import SIMULATED
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.models import Portfolio
from trading.changing.cancellation import ask_to_cancel
from trading.models import Order, SplitRestatement
from trading.order_entry.recording import queue_commands
from trading.shards import doorbell
from trading.states import CommandKind, Status

MISFIT: Final = (
    "A split took effect, and it cannot be adjusted: prices stayed, or its group was changed since."
)
WITHDRAWN: Final = "The split of {} for {} on {}, for which it was adjusted, was withdrawn."

# Portfolios and instruments with orders of the days before an ex-date, by the exchange's own days,
# once that has begun. What is being cancelled already is left alone.
OVERTAKEN: Final = """
SELECT DISTINCT orders.portfolio_id, orders.instrument_id
FROM trading_order AS orders
JOIN market_instrument AS instrument ON instrument.id = orders.instrument_id
JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
JOIN market_corporateaction AS split ON split.instrument_id = orders.instrument_id
    AND split.kind = 'split' AND split.cancelled_at IS NULL
    AND split.ex_date <= (%(now)s::timestamptz AT TIME ZONE exchange.timezone)::date
    AND split.ex_date > (orders.submitted_at AT TIME ZONE exchange.timezone)::date
WHERE orders.status = ANY(%(working)s) AND orders.status <> 'pending_cancel'
    AND NOT EXISTS (
        SELECT FROM trading_splitrestatement AS asked
        WHERE asked.order_id = orders.id AND asked.split_id = split.id
    )
ORDER BY 1, 2
"""
# Orders that stand as a split made them that is none any more, or another one.
MISLED: Final = """
SELECT orders.id, asked.ratio_to, asked.ratio_from, asked.ex_date
FROM trading_splitrestatement AS asked
JOIN trading_order AS orders ON orders.id = asked.order_id
JOIN market_corporateaction AS split ON split.id = asked.split_id
WHERE orders.status = ANY(%(working)s) AND orders.status <> 'pending_cancel'
    AND (split.cancelled_at IS NOT NULL OR (split.ratio_from, split.ratio_to, split.ex_date)
        <> (asked.ratio_from, asked.ratio_to, asked.ex_date))
ORDER BY orders.id
"""


def overtaken(*, now: datetime) -> list[tuple[UUID, int]]:
    """Portfolios and instruments with orders that a split has overtaken."""
    return [
        (portfolio_id, instrument_id)
        for portfolio_id, instrument_id in fetch_rows(
            OVERTAKEN, {"now": now, "working": Status.working()}
        )
    ]


def adjust_orders(portfolio_id: UUID, instrument_id: int, *, now: datetime) -> int:
    """Book what splits made of a position, and have its orders restated; how many those are.

    Raises:
        InsufficientUnits: what splits leave is less than orders reserve, so nothing was booked.
    """
    portfolio = Portfolio.objects.get(id=portfolio_id)
    instrument = Instrument.objects.select_related("exchange").get(id=instrument_id)
    splits = list(
        CorporateAction.objects.standing()
        .filter(instrument=instrument, kind=ActionKind.SPLIT)
        .between(None, _day(instrument, now))
        .order_by("ex_date")
    )
    if not _awaits_ends(portfolio, instrument, splits):
        book_market_actions(portfolio, [instrument_id], at=now)
    unmoved = _unmoved(instrument, splits)
    return ask_to_restate(portfolio, instrument, splits, unmoved=unmoved, now=now)


@transaction.atomic
def ask_to_restate(
    portfolio: Portfolio,
    instrument: Instrument,
    splits: Sequence[CorporateAction],
    *,
    unmoved: Collection[UUID] = (),
    now: datetime,
) -> int:
    """Queue a restatement of each order for each split since it was placed; how many orders.

    Some cannot be restated and are asked to end: a group of which one order came after the split,
    and those of a split in ``unmoved``, at which prices did not jump. Asking again changes nothing.
    """
    orders = list(
        Order.objects.select_for_update(no_key=True)
        .filter(portfolio=portfolio, instrument=instrument, status__in=Status.working())
        .order_by("id")
    )
    asked = set(
        SplitRestatement.objects.filter(order__in=orders).values_list("order_id", "split_id")
    )
    wanted: list[tuple[Order, CorporateAction]] = []
    misfits: list[Order] = []
    for group in _groups_of(orders):
        splits_of = {one.id: _pending(one, instrument, splits, asked) for one in group}
        pending = {tuple(split.id for split in found) for found in splits_of.values()}
        if len(pending) > 1 or any(not set(unmoved).isdisjoint(ids) for ids in pending):
            misfits += group
        else:
            wanted += [(one, split) for one in group for split in splits_of[one.id]]
    _queue(wanted, now=now)
    ended = ask_to_cancel(misfits, requested_at=now, reason=MISFIT)
    return len({order.id for order, _ in wanted}) + len(ended)


@transaction.atomic
def cancel_misled(*, now: datetime) -> int:
    """Ask orders to end that were restated for a split that was withdrawn or corrected since."""
    rows = fetch_rows(MISLED, {"working": Status.working()})
    reasons = {row[0]: WITHDRAWN.format(*row[1:]) for row in rows}
    orders = Order.objects.select_for_update(no_key=True).filter(id__in=reasons).order_by("id")
    ended = [
        one
        for order in orders.filter(status__in=Status.working())
        for one in ask_to_cancel([order], requested_at=now, reason=reasons[order.id])
    ]
    return len(ended)


def _unmoved(instrument: Instrument, splits: Iterable[CorporateAction]) -> set[UUID]:
    """Splits at which the simulator's price did not jump: it knew them, or was told too late."""
    quote = latest_quotes([instrument.id]).get(instrument.id)
    if quote is None or quote.source != SIMULATED:
        return set()
    timezone = instrument.exchange.timezone
    return {
        split.id
        for split in splits
        if split.is_in_history
        or split.changed_at > calendar.local_midnight(split.ex_date, timezone)
    }


def _groups_of(orders: Iterable[Order]) -> list[list[Order]]:
    """Entries with their exits, exits that belong together, and each other order by itself."""
    groups: dict[UUID, list[Order]] = {}
    for order in orders:
        groups.setdefault(order.parent_id or order.id, []).append(order)
    return list(groups.values())


def _pending(
    order: Order,
    instrument: Instrument,
    splits: Iterable[CorporateAction],
    asked: Container[tuple[UUID, UUID]],
) -> list[CorporateAction]:
    """Splits that the order is to be restated for; a reverse one ends it, whatever others do."""
    placed_on = _day(instrument, order.submitted_at)
    found = [
        split for split in splits if split.ex_date > placed_on and (order.id, split.id) not in asked
    ]
    return [split for split in found if _is_reverse(split)][:1] or found


def _awaits_ends(
    portfolio: Portfolio, instrument: Instrument, splits: Iterable[CorporateAction]
) -> bool:
    """Whether orders still reserve units that a reverse split takes, and end for it."""
    days = [split.ex_date for split in splits if _is_reverse(split)]
    working = Order.objects.filter(portfolio=portfolio, instrument=instrument).working()
    first = working.aggregate(at=Min("submitted_at"))["at"] if days else None
    return first is not None and _day(instrument, first) < max(days)


def _queue(wanted: Sequence[tuple[Order, CorporateAction]], *, now: datetime) -> None:
    commands = queue_commands(
        [order for order, _ in wanted], kind=CommandKind.RESTATE, created_at=now, actor_id=None
    )
    SplitRestatement.objects.bulk_create(
        SplitRestatement(
            order=order,
            split=split,
            command=command,
            ratio_from=split.ratio_from or 1,
            ratio_to=split.ratio_to or 1,
            ex_date=split.ex_date,
            quantity=order.quantity,
            filled_before=order.filled_before,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            trail_amount=order.trail_amount,
        )
        for (order, split), command in zip(wanted, commands, strict=True)
    )
    for instrument_id in {order.instrument_id for order, _ in wanted}:
        transaction.on_commit(partial(doorbell.ring, instrument_id))


def _day(instrument: Instrument, at: datetime) -> date:
    return calendar.local_date(at, instrument.exchange.timezone)


def _is_reverse(split: CorporateAction) -> bool:
    return (split.ratio_to or 1) < (split.ratio_from or 1)
