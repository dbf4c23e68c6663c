"""Income as programs get it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.income.declared import DeclaredDividend
from portfolio.income.received import Payment, ReceivedIncome
from portfolio.portfolios import total
from portfolio.schemas import attributes


class IncomeWanted(SchemaIn):
    start: Annotated[date | None, Field(description="first day; else that of the first entry")] = (
        None
    )
    end: Annotated[date | None, Field(description="last day; else today")] = None


class PaymentsWanted(IncomeWanted, PageIn):
    """Which days, and which part of what was paid in them."""


class IncomeMonthOut(SchemaOut):
    year: int
    month: int
    dividends: NumberOut
    interest: NumberOut
    taxes: NumberOut
    fees: NumberOut
    net: NumberOut


class PaymentOut(SchemaOut):
    """`local_amount` is gross in `currency`; the rest is in the portfolio's."""

    activity_id: UUID
    paid_on: date
    kind: str
    symbol: str | None
    amount: NumberOut
    taxes: NumberOut
    fees: NumberOut
    net: NumberOut
    local_amount: NumberOut
    currency: str

    @classmethod
    def from_payment(cls, paid: Payment) -> Self:
        return cls(**attributes(paid, cls.model_fields))


class PaymentList(SchemaOut):
    items: list[PaymentOut]
    next_cursor: str | None


class DeclaredOut(SchemaOut):
    """A dividend to come if nothing is bought or sold; `value` is null without a rate."""

    symbol: str
    ex_date: date
    pay_date: date
    units: NumberOut
    amount_per_share: NumberOut
    currency: str
    amount: NumberOut
    value: NumberOut | None
    is_accrued: Annotated[
        bool,
        Field(description="whether the ex-date is over and it counts as owned until it is paid"),
    ]
    source: str


class IncomeOut(SchemaOut):
    """Money is in `currency` at the rates booked; `forecast` is at today's, whatever the period.

    Income counts here on the day on which it was paid; in returns, on the day it accrued.
    """

    start: date
    end: date
    currency: str
    gross: NumberOut
    net: NumberOut
    months: list[IncomeMonthOut]
    payments: list[PaymentOut]
    accrued: Annotated[
        NumberOut | None,
        Field(description="of `forecast` what has accrued; null where a rate is missing"),
    ]
    forecast: list[DeclaredOut]

    @classmethod
    def from_income(
        cls, found: ReceivedIncome, forecast: Sequence[DeclaredDividend], *, currency: str
    ) -> Self:
        return cls(
            **attributes(found, ("start", "end", "gross", "net")),
            currency=currency,
            months=[
                IncomeMonthOut(**attributes(one, IncomeMonthOut.model_fields))
                for one in found.months
            ],
            payments=[PaymentOut.from_payment(one) for one in found.payments],
            accrued=total(one.value for one in forecast if one.is_accrued),
            forecast=[DeclaredOut(**attributes(one, DeclaredOut.model_fields)) for one in forecast],
        )
