"""What a performance is computed from: one read of a period, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.utc_days import utc_midnight
from market.currencies.currency_units import major_of
from market.models import Instrument
from portfolio import portfolios
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.corporate_actions.unit_events import read_trades
from portfolio.models import DailyValuation, JournalEntry, Portfolio, Position
from portfolio.position_days.income import read_income
from portfolio.position_days.instrument_days import Earned
from portfolio.returns.periods import ONE_DAY, find_period
from portfolio.trades import Trade
from portfolio.valuation import freshen
from portfolio.valuations.money_now import rates_today
from portfolio.valuations.reading import crossings, flows_of
from portfolio.valuations.valuing import NO_PRICE, NO_RATE

# Cash of other currencies: what there was before a period, what it changed by, and what those
# changes were worth when they were booked.
OTHER_CASH: Final = """
SELECT a.currency,
    coalesce(sum(p.amount) FILTER (WHERE before), 0),
    coalesce(sum(p.amount) FILTER (WHERE NOT before), 0),
    coalesce(sum(round(p.amount * e.base_rate, 10)) FILTER (WHERE NOT before), 0)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
CROSS JOIN LATERAL (
    SELECT e.occurred_at < %s::date::timestamp AT TIME ZONE 'UTC' AS before) AS time
WHERE e.portfolio_id = %s AND e.occurred_at > %s AND a.currency NOT IN ('', %s)
    AND a.kind IN ('settled', 'to_receive', 'to_deliver', 'accrued')
    AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY a.currency
"""


@dataclass(slots=True)
class DayMoney(Earned):
    """Money of one day, in the portfolio's currency; all >= 0. Of trades only their charges.

    Flows are None where units crossed the border that had no price that day.
    """

    inflow: Decimal | None = ZERO
    outflow: Decimal | None = ZERO
    carried_gain: Decimal | None = ZERO  # see ``DailyValuation``; of any sign

    @property
    def charges(self) -> Decimal:
        """Everything that fees and taxes took."""
        return self.fees + self.taxes + self.trade_fees + self.trade_taxes


MONEY: Final = tuple(one.name for one in fields(DayMoney))
NO_MONEY: Final = DayMoney()
NO_AMOUNTS: Final = [ZERO] * len(MONEY)


@dataclass(frozen=True, slots=True)
class CurrencyFacts:
    """What is needed to tell gains of prices from gains of rates.

    ``cash_effect`` is what rates did to cash of other currencies in the period; None where one
    of them had no rate at an end. ``rates`` are by day of an end and instrument, what one of the
    instrument's currency is in the portfolio's; instruments in the portfolio's are not in it.
    """

    cash_effect: Decimal | None = ZERO
    rates: Mapping[date, Mapping[int, Decimal | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayWorth:
    """The end of a day; None where a holding had no price, or a currency no rate.

    ``gap`` is the code of what is missing.
    """

    cash: Decimal | None
    market_value: Decimal | None
    gap: str = ""

    @property
    def total(self) -> Decimal | None:
        if self.cash is None or self.market_value is None:
            return None
        return self.cash + self.market_value


NOTHING: Final = DayWorth(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """``worth`` of the days of the period and of the day before it."""

    start: date
    end: date
    worth: Mapping[date, DayWorth]
    money: Mapping[date, DayMoney]
    trades: Mapping[int, Sequence[Trade]] = field(default_factory=dict)  # all up to the end
    currencies: CurrencyFacts = field(default_factory=CurrencyFacts)

    @property
    def days(self) -> list[date]:
        return [self.start + ONE_DAY * index for index in range((self.end - self.start).days + 1)]

    def worth_on(self, day: date) -> DayWorth:
        """Before the first entry there is nothing, which is worth zero."""
        return self.worth.get(day, NOTHING)


def read_facts(
    portfolio: Portfolio, *, start: date | None, end: date | None, at: datetime
) -> PeriodFacts:
    """Raises:
    PeriodRefused: the period ends in the future, or before it starts.
    """
    today = at.date()
    start, end = find_period(portfolio, start=start, end=end, today=today)
    freshen(portfolio, through_date=min(end, today - ONE_DAY))
    worth_today = None
    if end == today:
        now = portfolios.summary(portfolio, at=at)
        gap = NO_RATE if now.cash is None or now.lacks_rate else NO_PRICE
        worth_today = (today, DayWorth(now.cash, now.market_value, gap))
    return period_facts(portfolio, start, end, worth_today=worth_today)


def period_facts(
    portfolio: Portfolio, start: date, end: date, *, worth_today: tuple[date, DayWorth] | None
) -> PeriodFacts:
    """Read a period, first and last day included; days that are over as they are stored.

    Args:
        worth_today: the current day and its worth now, which no stored valuation has.
    """
    stored = DailyValuation.objects.filter(portfolio=portfolio, date__range=(start - ONE_DAY, end))
    worth: dict[date, DayWorth] = {}
    money: defaultdict[date, DayMoney] = defaultdict(DayMoney)
    rows = stored.order_by("date").values_list("date", "cash", "market_value", "gap", *MONEY)
    for day, cash, market_value, gap, *amounts in rows:
        worth[day] = DayWorth(cash, market_value, gap)
        if day >= start and amounts != NO_AMOUNTS:
            money[day] = DayMoney(*amounts)
    if worth_today is not None and worth_today[0] <= end:
        today, worth[today] = worth_today
        money[today] = money_of_today(portfolio, today)
    trades = trades_until(portfolio, end)
    return PeriodFacts(
        start=start,
        end=end,
        worth=worth,
        money=money,
        trades=trades,
        currencies=currency_facts(portfolio, trades, start=start - ONE_DAY, end=end),
    )


def money_of_today(portfolio: Portfolio, today: date) -> DayMoney:
    """No valuation counts for the current day, so its money is derived here."""
    of_day = DayMoney()
    begins_at = utc_midnight(today)
    entries = JournalEntry.objects.filter(portfolio=portfolio, occurred_at__gte=begins_at)
    if not entries.exists():
        return of_day
    if (change := crossings(portfolio, since=today).get(today)) is not None:
        flow = flows_of(portfolio, {today: change})[today]
        of_day.inflow, of_day.outflow = flow.inflow, flow.outflow
        of_day.carried_gain = flow.carried_gain
    for amount in read_income(portfolio, start=today, end=today):
        amount.add_to(of_day)
    return of_day


def currency_facts(
    portfolio: Portfolio, trades: Mapping[int, Sequence[Trade]], *, start: date, end: date
) -> CurrencyFacts:
    """Rates at both ends, and what they did to cash; four queries at most.

    Args:
        start: the end of this day begins the period.
    """
    own = portfolio.currency
    found = Instrument.objects.filter(id__in=list(trades)).values_list("id", "currency")
    foreign = {key: code for key, code in found if major_of(code) != own}
    parameters = [start + ONE_DAY, portfolio.id, portfolio.counts_from, own, end]
    cash = fetch_rows(OTHER_CASH, parameters)
    codes = {*foreign.values(), *(row[0] for row in cash)}
    pairs = [(code, own) for code in codes]
    rates = {day: rates_today(pairs, on_date=day) for day in (start, end)} if pairs else {}
    effect: Decimal | None = ZERO
    for currency, before, changed, booked in cash:
        worth = [
            amount_in(before, rates[start].get((currency, own))),
            amount_in(before + changed, rates[end].get((currency, own))),
        ]
        if worth[0] is None or worth[1] is None or effect is None:
            effect = None
        else:
            effect += worth[1] - worth[0] - booked
    by_day = {
        day: {key: found.get((code, own)) for key, code in foreign.items()}
        for day, found in rates.items()
    }
    return CurrencyFacts(cash_effect=effect, rates=by_day)


def amount_in(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    """Nothing is worth nothing, whatever the rate."""
    if not amount:
        return ZERO
    return None if rate is None else product(amount, rate)


def trades_until(portfolio: Portfolio, end: date) -> dict[int, list[Trade]]:
    """Trades by instrument, in no order, from the first on: their lots may reach that far back.

    A reset left no lot open, so what was before it is left out.
    """
    held = Position.objects.filter(portfolio=portfolio).values_list("instrument_id", flat=True)
    pairs = [(portfolio.id, instrument_id) for instrument_id in held]
    return {
        pair[1]: [trade for trade in trades if trade.occurred_at > portfolio.counts_from]
        for pair, trades in read_trades(pairs, end=end).items()
    }
