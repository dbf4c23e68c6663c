"""Performance and realised gains as programs get them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from django.conf import settings
from pydantic import Field

from accounts.schemas import FormatIn, PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut, Symbol
from portfolio.bookkeeping.amounts import TEN_PLACES
from portfolio.returns.by_instrument import InstrumentReturn
from portfolio.returns.gains import Method, RealisedGain
from portfolio.returns.performance import Performance
from portfolio.returns.time_weighted import by_year
from portfolio.returns.trade_charges import GainCharges
from portfolio.schemas import attributes

MONEY: Final = (
    *("net_flows", "realised_gain", "unrealised_gain", "income", "fees", "taxes"),
    *("currency_effect", "identity_gap", "trade_fees", "trade_taxes"),
)


def fraction(value: Decimal | None) -> Decimal | None:
    """A return in ten places, which is far beyond what its prices can tell."""
    return None if value is None else value.quantize(TEN_PLACES)


CombinedIds = Annotated[
    list[UUID],
    Field(
        description="one of the portfolios to look at as one; may be repeated. Else all of yours",
        max_length=settings.LIMITS.portfolios_together,
    ),
]
CombinedCurrency = Annotated[
    str | None,
    Field(
        description="to count in; else the one that all have, or the user's",
        pattern="^[A-Z]{3}$",
    ),
]


class PeriodWanted(SchemaIn):
    start: Annotated[date | None, Field(description="first day; else that of the first entry")] = (
        None
    )
    end: Annotated[date | None, Field(description="last day; else today")] = None
    method: Annotated[
        Method | None, Field(description="which lots a sale uses; else the portfolio's own method")
    ] = None


class PerformanceWanted(PeriodWanted):
    benchmark: Annotated[Symbol | None, Field(description="an instrument to compare with")] = None
    benchmark_index_id: Annotated[
        UUID | None, Field(description="an index of yours to compare with instead")
    ] = None
    benchmark_portfolio_id: Annotated[
        UUID | None, Field(description="another portfolio to compare with instead")
    ] = None


class CombinedWanted(PerformanceWanted):
    portfolio_id: CombinedIds = Field(default_factory=list)
    currency: CombinedCurrency = None


class InstrumentReturnsWanted(PeriodWanted, PageIn):
    """Over which period, and which part of the list."""


class RealisedWanted(PeriodWanted, PageIn):
    format: FormatIn = None


class MonthOut(SchemaOut):
    year: int
    month: int
    twr: NumberOut


class YearOut(SchemaOut):
    year: int
    twr: NumberOut


class BenchmarkOut(SchemaOut):
    kind: Annotated[str, Field(description="instrument, index or portfolio")]
    name: str
    symbol: Annotated[str | None, Field(description="of an instrument")]
    index_id: UUID | None
    portfolio_id: UUID | None
    twr: NumberOut | None


class DrawdownOut(SchemaOut):
    depth: NumberOut
    high_date: date | None
    low_date: date | None


class PerformanceOut(SchemaOut):
    """Returns are fractions, money is in `currency`.

    Identity: start_value + net_flows + realised_gain + unrealised_gain + income - fees - taxes
    + currency_effect + identity_gap = end_value. Charges of trades are within the gains. A figure
    that is null has its reason's code in `reasons`.
    """

    start: date
    end: date
    currency: str
    method: Annotated[str | None, Field(description="null: that of each portfolio")]
    start_value: NumberOut | None
    end_value: NumberOut | None
    net_flows: NumberOut | None
    twr: NumberOut | None
    twr_annualised: NumberOut | None
    xirr: NumberOut | None
    simple_return: NumberOut | None
    gross_twr: Annotated[NumberOut | None, Field(description="before fees and taxes of any kind")]
    gross_xirr: NumberOut | None
    gross_simple_return: NumberOut | None
    realised_gain: NumberOut | None
    unrealised_gain: Annotated[NumberOut | None, Field(description="its change in the period")]
    income: NumberOut | None
    fees: NumberOut | None
    taxes: NumberOut | None
    trade_fees: Annotated[NumberOut | None, Field(description="within the gains")]
    trade_taxes: NumberOut | None
    currency_effect: NumberOut | None
    identity_gap: NumberOut | None
    volatility: Annotated[NumberOut | None, Field(description="of a year")]
    downside_deviation: NumberOut | None
    max_drawdown: NumberOut | None
    drawdown: DrawdownOut | None
    sharpe: NumberOut | None
    sortino: NumberOut | None
    benchmark: BenchmarkOut | None
    months: list[MonthOut]
    years: list[YearOut]
    notices: list[str]
    reasons: dict[str, str]

    @classmethod
    def from_performance(cls, found: Performance) -> Self:
        drivers = found.drivers
        facts: dict[str, Any] = attributes(
            found, ("start", "end", "start_value", "end_value", "notices", "reasons")
        )
        ratios = (
            *("xirr", "volatility", "downside_deviation", "sharpe", "sortino"),
            *("gross_twr", "gross_xirr", "twr_annualised"),
        )
        facts |= {name: fraction(getattr(found, name)) for name in ratios}
        facts |= dict.fromkeys(MONEY) if drivers is None else attributes(drivers, MONEY)
        return cls(
            **facts,
            currency=found.currency,
            method=None if found.method is None else found.method.value,
            twr=fraction(found.returns.total),
            simple_return=None if drivers is None else fraction(drivers.simple_return),
            gross_simple_return=None if drivers is None else fraction(drivers.gross_simple_return),
            max_drawdown=None if found.drawdown is None else fraction(found.drawdown.depth),
            drawdown=drawdown_of(found),
            benchmark=benchmark_of(found),
            months=[
                MonthOut(year=one.year, month=one.month, twr=one.value.quantize(TEN_PLACES))
                for one in found.months
            ],
            years=[
                YearOut(year=year, twr=whole.quantize(TEN_PLACES))
                for year, whole in by_year(found.months).items()
            ],
        )


def drawdown_of(found: Performance) -> DrawdownOut | None:
    fall = found.drawdown
    if fall is None:
        return None
    return DrawdownOut(
        depth=fall.depth.quantize(TEN_PLACES), high_date=fall.high_date, low_date=fall.low_date
    )


def benchmark_of(found: Performance) -> BenchmarkOut | None:
    beside = found.benchmark
    if beside is None:
        return None
    return BenchmarkOut(
        kind=beside.kind,
        name=beside.name,
        symbol=beside.key if beside.kind == "instrument" else None,
        index_id=UUID(beside.key) if beside.kind == "index" else None,
        portfolio_id=UUID(beside.key) if beside.kind == "portfolio" else None,
        twr=fraction(beside.value),
    )


class InstrumentReturnOut(SchemaOut):
    """One instrument within its portfolio; money in the portfolio's currency.

    gain = end_value - start_value - inflow + outflow + income - charges. A figure that is null
    has its reason's code in `reasons`.
    """

    symbol: str
    name: str
    start_value: NumberOut | None
    end_value: NumberOut | None
    inflow: Annotated[NumberOut | None, Field(description="bought or arrived, charges included")]
    outflow: Annotated[NumberOut | None, Field(description="sold or left, less charges")]
    income: Annotated[NumberOut, Field(description="gross")]
    charges: Annotated[NumberOut, Field(description="withheld from income")]
    trade_charges: Annotated[NumberOut, Field(description="within inflow and outflow")]
    realised_gain: Annotated[NumberOut, Field(description="against acquisition cost")]
    gain: NumberOut | None
    twr: NumberOut | None
    xirr: NumberOut | None
    simple_return: NumberOut | None
    gross_gain: Annotated[NumberOut | None, Field(description="before fees and taxes of any kind")]
    gross_twr: NumberOut | None
    gross_xirr: NumberOut | None
    gross_simple_return: NumberOut | None
    reasons: dict[str, str]

    @classmethod
    def from_return(cls, found: InstrumentReturn) -> Self:
        facts: dict[str, Any] = attributes(
            found,
            (
                *("start_value", "end_value", "inflow", "outflow", "income", "charges"),
                *("trade_charges", "realised_gain", "gain", "gross_gain", "reasons"),
            ),
        )
        returns = (
            *("twr", "xirr", "simple_return"),
            *("gross_twr", "gross_xirr", "gross_simple_return"),
        )
        facts |= {name: fraction(getattr(found, name)) for name in returns}
        return cls(
            symbol=found.instrument.symbol,
            name=found.instrument.name,
            **facts,
        )


class InstrumentReturnList(SchemaOut):
    start: date
    end: date
    currency: str
    items: list[InstrumentReturnOut]
    next_cursor: str | None


class RealisedOut(SchemaOut):
    """Units of one lot that one sale used; charges are in cost and proceeds.

    `realised_gain` is against acquisition cost; `period_gain` against the value at the start of
    the period, or the cost of what was bought within it. Null where that value is not known.
    """

    symbol: str
    opened_at: datetime
    closed_at: datetime
    quantity: NumberOut
    cost: NumberOut
    proceeds: NumberOut
    realised_gain: NumberOut
    period_gain: NumberOut | None
    purchase_charges: Annotated[
        NumberOut | None,
        Field(description="within cost; null in an average, and of units that arrived"),
    ]
    gross_cost: NumberOut | None
    sale_charges: Annotated[NumberOut, Field(description="that lowered the proceeds")]
    gross_proceeds: NumberOut

    @classmethod
    def from_gain(
        cls,
        found: RealisedGain,
        symbol: str,
        *,
        period_gain: Decimal | None,
        charges: GainCharges,
    ) -> Self:
        facts = attributes(found, ("opened_at", "closed_at", "quantity", "cost", "proceeds"))
        return cls(
            **facts,
            symbol=symbol,
            realised_gain=found.gain,
            period_gain=period_gain,
            purchase_charges=charges.purchase,
            gross_cost=charges.gross_cost(found),
            sale_charges=charges.sale,
            gross_proceeds=charges.gross_proceeds(found),
        )


class RealisedList(SchemaOut):
    items: list[RealisedOut]
    next_cursor: str | None
    realised_gain: NumberOut
    period_gain: NumberOut | None
    reasons: dict[str, str]
    currency: str
