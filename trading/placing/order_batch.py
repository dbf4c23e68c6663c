"""Placing many orders at once, each with an outcome of its own: a few statements for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects

from accounts import metrics
from accounts.errors import HoldfastError
from accounts.models import User
from accounts.tiers import allowance_of
from market.live import live_quotes
from portfolio.bookkeeping.balances import lock_balances
from portfolio.models import Portfolio
from trading.errors import (
    DuplicateClientOrderId,
    OrderDenied,
    PortfolioUnknown,
    TooManyOpenOrders,
    TradingError,
)
from trading.models import Order
from trading.orders import is_same
from trading.placing.order_batch_rows import (
    Pair,
    balances_of,
    complete_orders,
    earlier_orders,
    facts_of,
    insert_orders,
)
from trading.placing.order_drafts import Draft, draft_order
from trading.placing.situation import Situation, situation_of
from trading.placing.tickets import OrderTicket
from trading.pretrade import NEARLY_ALL
from trading.shards import doorbell


class BatchTooLarge(TradingError):
    """More orders than one batch may have."""

    code = "batch_too_large"

    def __init__(self, *, count: int, allowed: int) -> None:
        super().__init__(f"The batch had {count} orders, may have {allowed}.")


@dataclass(frozen=True, slots=True)
class Wish:
    """One order asked for. With an ``error`` it was refused before, and only keeps its place."""

    portfolio_id: UUID
    ticket: OrderTicket
    error: HoldfastError | None = None


@dataclass(frozen=True, slots=True)
class Placing:
    """What became of one: the order placed, or made under its name before, or why there is none."""

    order: Order | None = None
    is_repeated: bool = False
    error: HoldfastError | None = None


@transaction.atomic
def place_orders(
    *, wishes: Sequence[Wish], placed_at: datetime, actor_id: UUID | None = None
) -> list[Placing]:
    """Place what nothing stands against, in the order asked; one that is refused harms no other.

    An order with exits is placed with all of them or not at all.

    Each sees what those before it have reserved. The last places of the owner's tier stay for
    single orders, which are not counted one after the other with these.

    Raises:
        BatchTooLarge: there are too many.
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    allowed = settings.LIMITS.orders_per_batch
    if len(wishes) > allowed:
        raise BatchTooLarge(count=len(wishes), allowed=allowed)
    instrument_ids = {wish.ticket.instrument_id for wish in wishes}
    quotes = live_quotes.latest_quotes(instrument_ids)
    lock_owners({wish.portfolio_id for wish in wishes})
    pairs = {(wish.portfolio_id, wish.ticket.instrument_id) for wish in wishes if not wish.error}
    lock_balances(balances_of(pairs))
    desk = _Desk(facts_of(pairs), quotes, placed_at)
    names = [name for wish in wishes if (name := _name_of(wish))]
    earlier = earlier_orders(names)
    placings = [desk.judge(wish, earlier) for wish in wishes]
    recorded = insert_orders(draft.order for draft in desk.drafts)
    fresh = [draft for draft in desk.drafts if draft.order.id in recorded]
    if fresh:
        complete_orders(fresh, actor_id=actor_id, now=placed_at)
        transaction.on_commit(partial(_tell_placed, [draft.order for draft in fresh]))
        prefetch_related_objects([one.order for one in fresh if one.exits], "legs")
    if len(fresh) == len(desk.drafts):
        return placings
    # Single orders took some of the names since we looked.
    earlier = earlier_orders(names)
    drafted = {draft.order.id for draft in desk.drafts}
    return [
        _repeated(earlier[name], is_alike=is_same(earlier[name], wish.ticket))
        if (name := _name_of(wish)) and placing.order and placing.order.id in drafted - recorded
        else placing
        for wish, placing in zip(wishes, placings, strict=True)
    ]


def lock_owners(portfolio_ids: Collection[UUID]) -> None:
    """Let batches of one owner wait for each other, or two might take the same last places."""
    owners = Portfolio.objects.filter(id__in=portfolio_ids).values("owner_id")
    locked = User.objects.select_for_update(no_key=True).filter(id__in=owners).order_by("id")
    list(locked.values_list("id", flat=True))


class _Drafted(NamedTuple):
    order: Order
    ticket: OrderTicket


class _Desk:
    """Judges tickets one after the other; each draft takes from what the next may use."""

    def __init__(self, facts: dict[Pair, Any], quotes: dict[int, Any], at: datetime) -> None:
        self.drafts: list[Draft] = []
        self._situations = {
            pair: situation_of(row, quote=quotes.get(pair[1]), at=at) for pair, row in facts.items()
        }
        self._at = at
        self._used: dict[int, Decimal] = {}  # by balance
        self._open_orders = 0  # that the drafts will be
        self._drafted: dict[tuple[UUID, str], _Drafted] = {}

    def judge(self, wish: Wish, earlier: dict[tuple[UUID, str], Order]) -> Placing:
        if wish.error is not None:
            return Placing(error=wish.error)
        name = _name_of(wish)
        if name and (made := earlier.get(name)):
            return _repeated(made, is_alike=is_same(made, wish.ticket))
        if name and (twin := self._drafted.get(name)):
            return _repeated(twin.order, is_alike=wish.ticket == twin.ticket)
        found = self._situations.get((wish.portfolio_id, wish.ticket.instrument_id))
        if found is None:
            return Placing(error=PortfolioUnknown(wish.portfolio_id))
        situation = self._now(found)
        try:
            orders = situation.means.open_orders + wish.ticket.exit_count
            if orders + NEARLY_ALL >= _open_orders_allowed(situation):
                raise TooManyOpenOrders(situation.means.tier)
            draft = draft_order(wish.portfolio_id, wish.ticket, situation, placed_at=self._at)
        except (OrderDenied, TooManyOpenOrders) as error:
            return Placing(error=error)
        self.drafts.append(draft)
        self._used[draft.balance_id] = self._used_of(draft.balance_id) + draft.reserve
        self._open_orders += 1 + len(draft.exits)
        twin = _Drafted(draft.order, wish.ticket)
        self._drafted[wish.portfolio_id, draft.order.client_order_id] = twin
        return Placing(draft.order)

    def _now(self, found: Situation) -> Situation:
        """The situation after what this batch has placed so far."""
        facts, means = found.facts, found.means
        left = replace(
            means,
            buying_power=means.buying_power - self._used_of(facts.cash_balance_id),
            available_units=means.available_units - self._used_of(facts.units_balance_id),
            open_orders=means.open_orders + self._open_orders,
        )
        return Situation(facts, found.terms, found.market, left, found.rules)

    def _used_of(self, balance_id: int | None) -> Decimal:
        return Decimal(0) if balance_id is None else self._used.get(balance_id, Decimal(0))


def _repeated(made: Order, *, is_alike: bool) -> Placing:
    if is_alike:
        return Placing(made, is_repeated=True)
    error = DuplicateClientOrderId(client_order_id=made.client_order_id, order_id=made.id)
    return Placing(error=error)


def _name_of(wish: Wish) -> tuple[UUID, str] | None:
    name = wish.ticket.client_order_id
    # One that is no name is refused for it by the checks, and must not reach the database.
    is_name = name is not None and name.isprintable() and not wish.error
    return (wish.portfolio_id, name) if name is not None and is_name else None


def _open_orders_allowed(situation: Situation) -> int:
    return allowance_of(situation.means.tier).open_orders


def _tell_placed(orders: Sequence[Order]) -> None:
    """Wake the matchers once each, and count; after the commit."""
    for instrument_id in dict.fromkeys(order.instrument_id for order in orders):
        doorbell.ring(instrument_id)
    for kind, count in Counter(order.type for order in orders).items():
        metrics.orders_accepted.labels(kind).inc(count)
