"""The account for Alpaca's client: what it is worth, how it is set up, and its history."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel

from accounts.errors import Problem, ProblemsError
from accounts.exact_json import MomentIn
from accounts.http import ApiRequest
from accounts.utc_days import utc_midnight
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.credentials import AccountAuth, account_of
from integrations.alpaca_api.order_schemas import LenientIn
from market.values import plain, plain_or_none, wire_time
from portfolio import portfolios, valuation
from portfolio.models import DailyValuation, Portfolio
from portfolio.returns.facts import money_of_today
from portfolio.valuations.overviews import overviews

router: Final = Router(tags=["Alpaca"])

ZERO: Final = "0"
ONE_DAY: Final = timedelta(days=1)
UNITS: Final = {"D": 1, "W": 7, "M": 31, "A": 366}
PERIOD: Final = "1M"
# Whatever Alpaca lets an account choose of these, ours has one way; saying so keeps programs going.
CONFIGURATION: Final[dict[str, Any]] = {
    "dtbp_check": "entry",
    "fractional_trading": True,
    "max_margin_multiplier": "1",
    "no_shorting": True,
    "pdt_check": "entry",
    "suspend_trade": False,
    "trade_confirm_email": "none",
    "ptp_no_exception_entry": False,
    "max_options_trading_level": 0,
}


class ConfigurationIn(LenientIn):
    """Fields that are null are as they were."""

    dtbp_check: str | None = None
    fractional_trading: bool | None = None
    max_margin_multiplier: str | None = None
    no_shorting: bool | None = None
    pdt_check: str | None = None
    suspend_trade: bool | None = None
    trade_confirm_email: str | None = None
    ptp_no_exception_entry: bool | None = None
    max_options_trading_level: int | None = None


class HistoryWanted(BaseModel):
    period: str | None = None
    timeframe: str | None = None
    intraday_reporting: str | None = None
    pnl_reset: str | None = None
    start: MomentIn | None = None
    end: MomentIn | None = None
    date_end: date | None = None
    extended_hours: str | None = None
    cashflow_types: str | None = None


# What Alpaca's accounts have and ours do not: margin, options, crypto, transfers under way.
WITHOUT: Final[dict[str, Any]] = {
    "status": "ACTIVE",
    "crypto_status": "INACTIVE",
    "daytrading_buying_power": ZERO,
    "options_buying_power": ZERO,
    "options_approved_level": 0,
    "options_trading_level": 0,
    "accrued_fees": ZERO,
    "pending_transfer_in": ZERO,
    "pending_transfer_out": ZERO,
    "short_market_value": ZERO,
    "initial_margin": ZERO,
    "maintenance_margin": ZERO,
    "last_maintenance_margin": ZERO,
    "sma": ZERO,
    "multiplier": "1",
    "daytrade_count": 0,
    "pattern_day_trader": False,
    "transfers_blocked": False,
    "account_blocked": False,
    "trade_suspended_by_user": False,
    "shorting_enabled": False,
}


@router.get("/v2/account", auth=AccountAuth("read"))
def get_account(request: ApiRequest) -> HttpResponse:
    """What the portfolio is worth now. There is no margin, so all of it is cash's."""
    account = account_of(request)
    now = timezone.now()
    (worth,) = overviews([account], at=now)
    equity = plain_or_none(worth.total_value)
    last = worth_before(account, day=now.date())
    buying_power = plain(worth.buying_power)
    return answer(
        WITHOUT
        | {
            "id": str(account.id),
            "account_number": account.id.hex[:12].upper(),
            "currency": account.currency,
            "buying_power": buying_power,
            "regt_buying_power": buying_power,
            "non_marginable_buying_power": buying_power,
            "cash": plain_or_none(worth.cash),
            "cash_withdrawable": plain(min(worth.settled_cash, worth.buying_power)),
            "portfolio_value": equity,
            "equity": equity,
            "last_equity": equity if last is None else plain(last),
            "long_market_value": plain_or_none(worth.market_value),
            "trading_blocked": account.archived_at is not None,
            "created_at": wire_time(account.created_at),
        }
    )


@router.get("/v2/account/configurations", auth=AccountAuth("read"))
def get_configuration(request: ApiRequest) -> HttpResponse:
    """How the account is set up."""
    account_of(request)
    return answer(CONFIGURATION)


@router.patch("/v2/account/configurations", auth=AccountAuth("trade"))
def change_configuration(request: ApiRequest, payload: ConfigurationIn) -> HttpResponse:
    """Accept what is so already; refuse what would have to be otherwise."""
    account_of(request)
    problems = [
        Problem(name, "fixed", f"{name} is {CONFIGURATION[name]!r} here and cannot be changed.")
        for name, value in payload.model_dump(exclude_none=True).items()
        if value != CONFIGURATION[name]
    ]
    if problems:
        raise ProblemsError(problems)
    return answer(CONFIGURATION)


@router.get("/v2/account/portfolio/history", auth=AccountAuth("read"))
def get_history(request: ApiRequest, wanted: Query[HistoryWanted]) -> HttpResponse:
    """Day by day what the portfolio was worth, and what it gained since the first of them.

    The current day counts as it is now: nothing is stored of it before it is over.
    """
    if wanted.timeframe not in {None, "1D"}:
        message = f"timeframe was {wanted.timeframe}, must be 1D: values are kept by day."
        raise ProblemsError([Problem("timeframe", "unsupported", message)])
    account, now = account_of(request), timezone.now()
    last = wanted.date_end or (wanted.end or now).date()
    over = min(last, now.date() - ONE_DAY)
    valuation.freshen(account, through_date=over)
    first = wanted.start.date() if wanted.start else last - period_of(wanted.period or PERIOD)
    rows = DailyValuation.objects.filter(portfolio=account, date__range=(first, over))
    known = [day_of(row) for row in rows.order_by("date")]
    if first <= now.date() <= last:
        known.append(day_now(account, at=now))
    return answer(history_json([day for day in known if day is not None]))


@dataclass(frozen=True, slots=True)
class Day:
    """In the portfolio's currency; ``flow`` is what came from outside less what left."""

    date: date
    worth: Decimal
    flow: Decimal


def day_of(row: DailyValuation) -> Day | None:
    """``None`` where a price or a rate is missing, so that nobody knows what it was worth."""
    worth = row.total_value
    if worth is None or row.net_flow is None:
        return None
    return Day(row.date, worth, row.net_flow)


def day_now(account: Portfolio, *, at: datetime) -> Day | None:
    """The current day so far, at the newest quotes."""
    worth, money = (
        portfolios.summary(account, at=at).total_value,
        money_of_today(account, at.date()),
    )
    if worth is None or money.inflow is None or money.outflow is None:
        return None
    return Day(at.date(), worth, money.inflow - money.outflow)


def history_json(days: list[Day]) -> dict[str, Any]:
    """Gains leave out what was paid in or out after the first day."""
    base = days[0].worth if days else Decimal(0)
    flows = list(accumulate((day.flow for day in days[1:]), initial=Decimal(0)))
    gains = [day.worth - base - flow for day, flow in zip(days, flows, strict=False)]
    return {
        "timestamp": [seconds_of(day.date) for day in days],
        "equity": [float(day.worth) for day in days],
        "profit_loss": [float(gain) for gain in gains],
        "profit_loss_pct": [float(gain / base) if base else None for gain in gains],
        "base_value": float(base),
        "base_value_asof": days[0].date.isoformat() if days else None,
        "timeframe": "1D",
        "cashflow": {},
    }


def period_of(text: str) -> timedelta:
    """Raises:
    ProblemsError: it is no number with one of the units.
    """
    number, unit = text[:-1], text[-1:].upper()
    if unit not in UNITS or not number.isdecimal() or not 0 < int(number) <= 10_000:
        message = f"period was {text}, must be a number and one of {', '.join(UNITS)}."
        raise ProblemsError([Problem("period", "invalid", message)])
    return timedelta(days=int(number) * UNITS[unit])


def worth_before(account: Portfolio, *, day: date) -> Decimal | None:
    """What the portfolio was worth on the last day before that of which it is known."""
    rows = DailyValuation.objects.filter(portfolio=account, date__lt=day)
    row = rows.exclude(market_value=None).exclude(cash=None).order_by("-date").first()
    return None if row is None else row.total_value


def seconds_of(day: date) -> int:
    return int(utc_midnight(day).timestamp())
