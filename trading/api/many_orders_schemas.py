"""Outcomes of what was asked of several orders at once, as programs get them."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from django.conf import settings
from pydantic import Field

from accounts.errors import HoldfastError, Problem, ProblemsError
from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from trading.api.order_schemas import OrderIn, OrderOut
from trading.changing.cancellation import Asked
from trading.changing.closing import Closure
from trading.errors import DuplicateClientOrderId
from trading.models import PositionClosing
from trading.placing.order_batch import Placing

ORDERS_MAXIMUM: Final = settings.LIMITS.orders_per_batch


class OrderProblemOut(SchemaOut):
    field: str
    code: str
    message: str

    @classmethod
    def from_problem(cls, problem: Problem) -> Self:
        return cls(field=problem.field, code=problem.code, message=problem.message)


class CancellationOut(SchemaOut):
    """`already_requested`: it was being cancelled before."""

    order_id: UUID
    client_order_id: str
    symbol: str
    status: str
    outcome: Literal["requested", "already_requested"]

    @classmethod
    def from_asked(cls, asked: Asked) -> Self:
        order = asked.order
        return cls(
            order_id=order.id,
            client_order_id=order.client_order_id,
            symbol=order.instrument.symbol,
            status=order.status,
            outcome="requested" if asked.is_new else "already_requested",
        )


class CancellationList(SchemaOut):
    items: list[CancellationOut]


class ClosureOut(SchemaOut):
    """`units_left` are sold by working orders already, or less than a lot.

    `pending`: orders that hold units of it are ending, and it is sold when they have.
    """

    symbol: str
    outcome: Literal["placed", "pending", "refused"]
    order: OrderOut | None
    problems: list[OrderProblemOut]
    units_left: NumberOut

    @classmethod
    def from_closure(cls, closure: Closure) -> Self:
        order, symbol = closure.order, closure.instrument.symbol
        refused: Literal["pending", "refused"] = "pending" if closure.is_pending else "refused"
        return cls(
            symbol=symbol,
            outcome=refused if order is None else "placed",
            order=None if order is None else OrderOut.from_order(order, symbol=symbol),
            problems=[OrderProblemOut.from_problem(problem) for problem in closure.problems],
            units_left=closure.left,
        )


class ClosureList(SchemaOut):
    items: list[ClosureOut]


class ClosingOut(SchemaOut):
    """A position that was to be sold when its orders had ended, and what came of that."""

    id: UUID
    portfolio_id: UUID
    symbol: str
    outcome: str
    order_id: UUID | None
    problems: list[OrderProblemOut]
    requested_at: dt.datetime
    done_at: dt.datetime | None

    @classmethod
    def from_closing(cls, closing: PositionClosing) -> Self:
        return cls(
            id=closing.id,
            portfolio_id=closing.portfolio_id,
            symbol=closing.instrument.symbol,
            outcome=closing.outcome,
            order_id=closing.order_id,
            problems=[OrderProblemOut(**problem) for problem in closing.problems],
            requested_at=closing.requested_at,
            done_at=closing.done_at,
        )


class ClosingList(SchemaOut):
    items: list[ClosingOut]
    next_cursor: str | None


class OrderBatchIn(SchemaIn):
    """Orders as `POST /orders` takes them.

    One without a `client_order_id` takes the `Idempotency-Key`, a colon and its place from 0.
    """

    orders: Annotated[list[OrderIn], Field(min_length=1, max_length=ORDERS_MAXIMUM)]


class PlacingOut(SchemaOut):
    """`repeated`: the order was made before under its client order id."""

    outcome: Literal["placed", "repeated", "refused"]
    order: OrderOut | None
    problems: list[OrderProblemOut]

    @classmethod
    def from_placing(cls, placing: Placing, *, symbol: str) -> Self:
        order = placing.order
        if order is None:
            problems = [OrderProblemOut.from_problem(one) for one in problems_in(placing.error)]
            return cls(outcome="refused", order=None, problems=problems)
        return cls(
            outcome="repeated" if placing.is_repeated else "placed",
            order=OrderOut.from_order(order, symbol=symbol),
            problems=[],
        )


class OrderBatchOut(SchemaOut):
    """`items` stand as `orders` stood in the request."""

    placed: int
    repeated: int
    refused: int
    items: list[PlacingOut]

    @classmethod
    def from_items(cls, items: list[PlacingOut]) -> Self:
        counts = Counter(item.outcome for item in items)
        return cls(
            placed=counts["placed"],
            repeated=counts["repeated"],
            refused=counts["refused"],
            items=items,
        )


def problems_in(error: HoldfastError | None) -> Sequence[Problem]:
    if isinstance(error, ProblemsError):
        return error.problems
    if error is None:
        return []
    field = "client_order_id" if isinstance(error, DuplicateClientOrderId) else ""
    return [Problem(field, error.code, str(error))]
