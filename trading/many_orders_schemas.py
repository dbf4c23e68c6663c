"""Outcomes of what was asked of several orders at once, as programs get them."""

from typing import Literal, Self
from uuid import UUID

from accounts.errors import Problem
from accounts.schemas import SchemaOut
from market.schemas import NumberOut
from trading.cancellation import Asked
from trading.closing import Closure
from trading.schemas import OrderOut


class ProblemOut(SchemaOut):
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
    """`units_left` are sold by working orders already, or less than a lot."""

    symbol: str
    outcome: Literal["placed", "refused"]
    order: OrderOut | None
    problems: list[ProblemOut]
    units_left: NumberOut

    @classmethod
    def from_closure(cls, closure: Closure) -> Self:
        order, symbol = closure.order, closure.instrument.symbol
        return cls(
            symbol=symbol,
            outcome="refused" if order is None else "placed",
            order=None if order is None else OrderOut.from_order(order, symbol=symbol),
            problems=[ProblemOut.from_problem(problem) for problem in closure.problems],
            units_left=closure.left,
        )


class ClosureList(SchemaOut):
    items: list[ClosureOut]
