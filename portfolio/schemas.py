"""Portfolios and what they hold as programs send and get them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.exact_json import AmountIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut, Symbol
from portfolio.models import DailyValuation, PositionValuation
from portfolio.models.portfolios import BookedActions, LotMethod
from portfolio.queries import PositionRow
from portfolio.valuations.lot_rows import LotRow
from portfolio.valuations.overviews import PortfolioOverview


def attributes(source: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


PORTFOLIO_FACTS: Final = (
    *("id", "name", "kind", "currency", "lot_method", "booked_actions", "role"),
)


class PortfolioIn(SchemaIn):
    name: str
    kind: Annotated[str, Field(description="paper or tracked")]
    currency: str = "USD"
    starting_cash: AmountIn | None = None
    lot_method: Annotated[str, Field(description="fifo, lifo, hifo or average")] = LotMethod.FIFO
    booked_actions: Annotated[
        str, Field(description="of the market, by themselves: none, splits or all")
    ] = BookedActions.SPLITS

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "My paper portfolio",
                "kind": "paper",
                "currency": "USD",
                "starting_cash": "100000",
            }
        }
    )


class PortfolioPatch(SchemaIn):
    """What is left out stays as it is."""

    name: str | None = None
    lot_method: Annotated[str | None, Field(description="fifo, lifo, hifo or average")] = None
    booked_actions: Annotated[
        str | None, Field(description="of the market, by themselves: none, splits or all")
    ] = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Savings", "lot_method": "fifo"}}
    )


class CurrencyCashOut(SchemaOut):
    """Money in one currency; `value` is in the portfolio's at today's rate, null without one."""

    currency: str
    amount: NumberOut
    accrued: Annotated[
        NumberOut, Field(description="of the amount, dividends that are due and not paid yet")
    ]
    rate: NumberOut | None
    value: NumberOut | None


class PortfolioOut(SchemaOut):
    """Values need prices and rates: null where a holding or a currency has none.

    `cash` counts all currencies, `balances` tell each; `settled_cash` and `buying_power` are of the
    portfolio's own. `accrued` is what of `cash` are dividends from their ex-date until they are
    paid: part of the worth, and no part of `settled_cash` and `buying_power`.
    """

    id: UUID
    name: str
    kind: str
    currency: str
    lot_method: str
    booked_actions: str
    role: Annotated[str, Field(description="yours in it: owner, editor or viewer")]
    cash: NumberOut | None
    accrued: NumberOut | None
    settled_cash: NumberOut
    buying_power: NumberOut
    market_value: NumberOut | None
    total_value: NumberOut | None
    balances: list[CurrencyCashOut]
    as_of: datetime

    @classmethod
    def from_overview(cls, found: PortfolioOverview) -> Self:
        return cls(
            **attributes(found.portfolio, PORTFOLIO_FACTS),
            **attributes(found, ("cash", "accrued", "settled_cash", "buying_power")),
            market_value=found.market_value,
            total_value=found.total_value,
            balances=[
                CurrencyCashOut(**attributes(one, CurrencyCashOut.model_fields))
                for one in found.balances
            ],
            as_of=found.as_of,
        )


class PortfolioList(SchemaOut):
    items: list[PortfolioOut]
    next_cursor: str | None


class PositionOut(SchemaOut):
    """Money in the portfolio's currency, percentages in percent; null without a price or a rate.

    `price`, `local_cost` and `local_value` are in `currency`, the instrument's; `currency_gain`
    is the part of the unrealised gain that comes from `exchange_rate`.
    """

    symbol: str
    name: str
    quantity: NumberOut
    average_cost: NumberOut | None
    cost: NumberOut
    realised_gain: NumberOut
    price: NumberOut | None
    price_as_of: datetime | None
    market_value: NumberOut | None
    unrealised_gain: NumberOut | None
    unrealised_gain_pct: NumberOut | None
    day_change: NumberOut | None
    day_change_pct: NumberOut | None
    weight_pct: NumberOut | None
    currency: str
    local_cost: NumberOut
    local_value: NumberOut | None
    exchange_rate: NumberOut | None
    currency_gain: NumberOut | None
    is_simulated: bool

    @classmethod
    def from_row(cls, row: PositionRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class PositionList(SchemaOut):
    items: list[PositionOut]
    next_cursor: str | None


class PositionsWanted(PageIn):
    as_of: Annotated[date | None, Field(description="a past day, or today; else now")] = None


class LotOut(SchemaOut):
    """Units bought at once. `unit_cost` includes charges."""

    lot_id: UUID
    symbol: str
    opened_at: datetime
    closed_at: datetime | None
    quantity: NumberOut
    cost: NumberOut
    charges: Annotated[
        NumberOut | None,
        Field(description="fees and taxes within cost; null where the units were not bought here"),
    ]
    unit_cost: NumberOut
    remaining_quantity: NumberOut
    remaining_cost: NumberOut
    currency: str
    realised_gain: NumberOut
    price: NumberOut | None
    market_value: NumberOut | None
    unrealised_gain: NumberOut | None

    @classmethod
    def from_row(cls, row: LotRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class LotList(SchemaOut):
    items: list[LotOut]
    next_cursor: str | None


class LotsWanted(PageIn):
    symbol: Symbol | None = None
    status: Literal["open", "closed"] | None = None


class ValuationOut(SchemaOut):
    """One day's end. `net_flow` is what came from outside less what left, cash and units.

    `income` is gross; `fees` and `taxes` stood alone or were withheld from it, those of trades are
    within what these cost and brought. `currency_effect` is what rates have done so far to the
    cost of the units held, `cash_effect` to cash of other currencies. A figure is null where a
    price or a rate is missing; `gap` says which.
    """

    date: date
    cash: NumberOut | None
    market_value: NumberOut | None
    total_value: NumberOut | None
    cost: NumberOut
    net_flow: NumberOut | None
    inflow: NumberOut | None
    outflow: NumberOut | None
    carried_gain: NumberOut | None
    income: NumberOut
    fees: NumberOut
    taxes: NumberOut
    trade_fees: NumberOut
    trade_taxes: NumberOut
    currency_effect: NumberOut | None
    cash_effect: NumberOut | None
    gap: str

    @classmethod
    def from_day(cls, day: DailyValuation) -> Self:
        return cls(**attributes(day, cls.model_fields))


class ValuationList(SchemaOut):
    items: list[ValuationOut]
    next_cursor: str | None


class ValuationsWanted(PageIn):
    start: Annotated[date | None, Field(description="first day")] = None
    end: Annotated[date | None, Field(description="last day")] = None


class PositionValuationOut(SchemaOut):
    """One position at the end of one day; money in the portfolio's currency.

    `price` is in the instrument's currency, `rate` what one of that is in the portfolio's.
    `inflow` was bought or arrived, `outflow` was sold or left, charges of trades counted in.
    """

    date: date
    symbol: str
    quantity: NumberOut
    price: NumberOut | None
    rate: NumberOut | None
    market_value: NumberOut | None
    cost: NumberOut
    unrealised_gain: NumberOut | None
    inflow: NumberOut | None
    outflow: NumberOut | None
    income: NumberOut
    charges: NumberOut
    trade_charges: NumberOut
    currency_effect: NumberOut | None
    gap: str

    @classmethod
    def from_day(cls, day: PositionValuation) -> Self:
        named = [name for name in cls.model_fields if name != "symbol"]
        return cls(symbol=day.instrument.symbol, **attributes(day, named))


class PositionValuationList(SchemaOut):
    items: list[PositionValuationOut]
    next_cursor: str | None


class PositionValuationsWanted(ValuationsWanted):
    symbol: Symbol | None = None
