"""Placing orders: what a page, the API and a script call alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from accounts import metrics
from accounts.errors import Problem
from accounts.models import User
from trading import pretrade
from trading.changing.cancellation import cancel_order
from trading.errors import (
    DuplicateClientOrderId,
    OrderDenied,
    OrderFinished,
    OrderUnknown,
    PortfolioUnknown,
    TooManyOpenOrders,
)
from trading.models import Order
from trading.order_entry.stops import OrderEntryStopped, recording_orders, standing_stop
from trading.placing import sizing
from trading.placing.given_terms import as_given
from trading.placing.group_placing import record_group
from trading.placing.order_drafts import Draft, draft_order
from trading.placing.order_ends import order_ends_at, order_works_from
from trading.placing.situation import Situation, look
from trading.placing.tickets import OrderTicket
from trading.shards import doorbell
from trading.states import OrderType, Side

__all__ = [
    "DuplicateClientOrderId",
    "Estimate",
    "OrderDenied",
    "OrderEntryStopped",
    "OrderFinished",
    "OrderTicket",
    "OrderUnknown",
    "PortfolioUnknown",
    "TooManyOpenOrders",
    "cancel_order",
    "estimate_order",
    "place_order",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What an order would come to if it were placed now, in the instrument's currency.

    ``cost`` is price × quantity at the reference price (a limit order's: at its limit, or
    better), without ``fees``. ``reserve`` is what it would set aside until it fills: of a
    purchase cash at the worst price with the fees there, of a sale units.
    ``buying_power_after`` has the whole reservation taken off. ``works_from`` is the opening or
    the auction it would wait for, ``None`` where it trades at once; ``expires_at`` when it would
    end by itself. ``repeats`` names the order that placing it would answer with.
    Figures are ``None`` where the ticket or the market does not say enough.
    """

    currency: str | None = None  # None where there is no such instrument
    reference_price: Decimal | None = None
    quantity: Decimal | None = None
    cost: Decimal | None = None
    fees: Decimal | None = None
    reserve: Decimal | None = None
    buying_power: Decimal
    buying_power_after: Decimal | None = None
    works_from: datetime | None = None
    expires_at: datetime | None = None
    repeats: UUID | None = None
    problems: tuple[Problem, ...] = ()


# See trading.migrations.0002_place_order for what it says.
RECORD: Final = f"SELECT trading_record_order({', '.join(['%s'] * 22)})"


def place_order(
    *, portfolio_id: UUID, ticket: OrderTicket, placed_at: datetime, actor_id: UUID | None = None
) -> Order:
    """Reserve cash or units, record the order and queue it for the matcher.

    Repeating a ``client_order_id`` with the same content returns the order made under it.

    Raises:
        PortfolioUnknown: there is no such portfolio.
        OrderDenied: a pre-trade check refused the ticket; see ``problems``.
        TooManyOpenOrders: the owner's tier includes no further one.
        OrderEntryStopped: the desk takes no orders at the moment.
        DuplicateClientOrderId: the id belongs to another order of the portfolio.
    """
    situation = look(portfolio_id=portfolio_id, ticket=ticket, at=placed_at)
    if not pretrade.has_nearly_all_open_orders(situation.means):
        return _place(portfolio_id, ticket, situation, placed_at=placed_at, actor_id=actor_id)
    with transaction.atomic():
        # Two at once must not both take the last place, so the owner's wait for each other.
        User.objects.select_for_update(no_key=True).get(portfolios=portfolio_id)
        situation = look(portfolio_id=portfolio_id, ticket=ticket, at=placed_at)
        return _place(portfolio_id, ticket, situation, placed_at=placed_at, actor_id=actor_id)


def _place(
    portfolio_id: UUID,
    ticket: OrderTicket,
    situation: Situation,
    *,
    placed_at: datetime,
    actor_id: UUID | None,
) -> Order:
    if situation.facts.earlier_order_id is not None:
        return _repeat(ticket, order_id=situation.facts.earlier_order_id)
    draft = draft_order(portfolio_id, ticket, situation, placed_at=placed_at)
    order = draft.order
    outcome = _record(draft, actor_id=actor_id)
    if outcome == "repeated":
        earlier = Order.objects.get(
            portfolio_id=portfolio_id, client_order_id=order.client_order_id
        )
        return _repeat(ticket, order_id=earlier.id)
    if outcome == "short":
        raise _lost_race(portfolio_id, ticket, draft.reserve, at=placed_at)
    transaction.on_commit(lambda: tell_placed(order))
    return order


def _record(draft: Draft, *, actor_id: UUID | None) -> str:
    """Record the order, with its exits where it has some; see the functions in the database."""

    def record() -> str:
        with recording_orders(), connection.cursor() as cursor:
            cursor.execute(RECORD, [*draft.values(actor_id=actor_id), *draft.stop_values()])
            (outcome,) = cursor.fetchone()
        return str(outcome)

    if not draft.exits:
        return record()
    return record_group(draft.order, draft.exits, actor_id=actor_id, record=record)


def tell_placed(order: Order) -> None:
    """Wake the matcher, and count; after the commit."""
    doorbell.ring(order.instrument_id)
    metrics.orders_accepted.labels(order.type).inc()


def estimate_order(*, portfolio_id: UUID, ticket: OrderTicket, at: datetime) -> Estimate:
    """Say what the order would come to and all that stands against it. Changes nothing.

    Raises:
        PortfolioUnknown: there is no such portfolio.
    """
    situation = look(portfolio_id=portfolio_id, ticket=ticket, at=at)
    problems = tuple(_problems_of(ticket, situation))
    buying_power = situation.means.buying_power
    if situation.terms is None:
        return Estimate(buying_power=buying_power, problems=problems)
    figures = sizing.size_up(
        ticket, terms=situation.terms, market=situation.market, rules=situation.rules
    )
    after = None
    if figures.reserve is not None:
        after = buying_power - (figures.reserve if ticket.side is Side.BUY else 0)
    extended, mic = ticket.extended_hours, situation.facts.mic
    tif = ticket.time_in_force
    return Estimate(
        currency=situation.terms.currency,
        reference_price=figures.reference_price,
        quantity=figures.quantity,
        cost=figures.cost,
        fees=figures.fees,
        reserve=figures.reserve,
        buying_power=buying_power,
        buying_power_after=after,
        works_from=order_works_from(tif, extended_hours=extended, at=at, mic=mic),
        expires_at=order_ends_at(tif, extended_hours=extended, at=at, mic=mic),
        repeats=None if problems else situation.facts.earlier_order_id,
        problems=problems,
    )


def _problems_of(ticket: OrderTicket, situation: Situation) -> list[Problem]:
    """For what placing the ticket would be refused; of one that was placed, as what differs."""
    earlier_id = situation.facts.earlier_order_id
    if earlier_id is not None:
        try:
            _repeat(ticket, order_id=earlier_id)
        except DuplicateClientOrderId as error:
            return [Problem("client_order_id", error.code, str(error))]
        return []
    problems = pretrade.find_problems(
        ticket,
        terms=situation.terms,
        market=situation.market,
        means=situation.means,
        rules=situation.rules,
    )
    if standing_stop() is not None:
        problems.append(Problem("", OrderEntryStopped.code, str(OrderEntryStopped())))
    return problems


def _repeat(ticket: OrderTicket, *, order_id: UUID) -> Order:
    """The order made earlier under the ticket's client order id, if it is the same order."""
    order = Order.objects.get(id=order_id)
    if not is_same(order, ticket):
        raise DuplicateClientOrderId(client_order_id=order.client_order_id, order_id=order.id)
    return order


def is_same(order: Order, ticket: OrderTicket) -> bool:
    """Whether the ticket asks for the very order that was made."""
    order = as_given(order)
    return (
        order.instrument_id == ticket.instrument_id
        and order.side == ticket.side
        and order.type == ticket.type
        and order.time_in_force == ticket.time_in_force
        and order.limit_price == ticket.limit_price
        and order.trail_amount == ticket.trail_amount
        and order.trail_pct == ticket.trail_pct
        # That of a trailing stop moves, and no ticket says it.
        and (order.type == OrderType.TRAILING_STOP or order.stop_price == ticket.stop_price)
        and order.notional == ticket.notional
        and (ticket.notional is not None or order.quantity == ticket.quantity)
        and order.extended_hours == ticket.extended_hours
        and order.order_class == ticket.order_class
        and (not ticket.exit_count or _exit_prices(order) == _exits_asked(ticket))
    )


def _exit_prices(order: Order) -> set[tuple[Decimal | None, Decimal | None]]:
    """Stop price and limit of each exit, as it was placed."""
    placed = [as_given(leg) for leg in order.legs.all() if leg.replaces_id is None]
    return {(leg.stop_price, leg.limit_price) for leg in placed}


def _exits_asked(ticket: OrderTicket) -> set[tuple[Decimal | None, Decimal | None]]:
    asked = {(None, ticket.take_profit), (ticket.stop_loss, ticket.stop_loss_limit)}
    return {prices for prices in asked if prices != (None, None)}


def _lost_race(
    portfolio_id: UUID, ticket: OrderTicket, reserve: Decimal, *, at: datetime
) -> OrderDenied:
    """Look again after another order took the same cash or units, and say what is short."""
    situation = look(portfolio_id=portfolio_id, ticket=ticket, at=at)
    facts, means = situation.facts, situation.means
    if ticket.side is Side.BUY:
        problem = pretrade.short_of_cash(
            needed=reserve, available=means.buying_power, currency=facts.currency
        )
    else:
        problem = pretrade.short_of_units(
            needed=reserve, available=means.available_units, symbol=facts.symbol
        )
    return OrderDenied([problem])
