"""What the demo's saver did, his plan told by the market there was. Pure.

He reports everything himself, dividends and what was withheld of them too; splits alone are the
market's to book.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count
from typing import Final

from market.corporate_actions.recurrence import continued
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.entries import EntryKind
from portfolio.demo.paper_story import whole
from portfolio.demo.savings_plan import SCRIPT, SYMBOLS, Account, Step, every_month

CENT: Final = Decimal("0.01")
RATE_PLACES: Final = Decimal("0.000001")
WITHHELD: Final = Decimal("0.15")  # of dividends
MARGIN: Final = Decimal("0.0025")  # what the second broker takes for changing money
FEES: Final = Decimal("2.50")  # of a trade, in dollars
KEPT: Final = Decimal(60)  # money that is not spent
PAID_AFTER: Final = timedelta(days=21)  # from the ex-date
SINCE: Final = date(2015, 2, 1)


@dataclass(frozen=True, slots=True)
class Market:
    """By symbol, ascending by date; ``rates`` are what a dollar was in euros."""

    closes: Mapping[str, Sequence[tuple[date, Decimal]]]  # as traded that day
    dividends: Mapping[str, Sequence[tuple[date, Decimal]]]  # ex-date, dollars per share
    splits: Mapping[str, Sequence[tuple[date, Decimal]]]  # ex-date, shares out of one
    rates: Mapping[date, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryActivity:
    """As it is reported. A transfer out goes to the other account."""

    account: Account
    kind: EntryKind
    on: date
    symbol: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    currency: str = ""
    exchange_rate: Decimal | None = None
    note: str = ""

    @property
    def is_trade(self) -> bool:
        return self.kind in (EntryKind.BUY, EntryKind.SELL)

    @property
    def is_transfer(self) -> bool:
        return self.kind == EntryKind.TRANSFER_OUT


def tell(market: Market, *, through: date) -> list[StoryActivity]:
    """What happened up to a date, in its order.

    What needs a price or a rate that is not there is passed over, nothing is sold that is not
    held, and nothing bought that cannot be paid. Without any trade there is no story.
    """
    told = list(_Telling(market, through=through).tell())
    return told if any(one.is_trade for one in told) else []


@dataclass(slots=True)
class _Telling:
    """The saver on his way through the years: what he holds and has."""

    market: Market
    through: date
    held: dict[tuple[Account, str], Decimal] = field(default_factory=dict)
    dollars: dict[Account, Decimal] = field(default_factory=dict)
    euros: Decimal = ZERO
    ahead: list[tuple[date, int, Step]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def tell(self) -> Iterator[StoryActivity]:
        for symbol in SYMBOLS:
            for day, factor in self.market.splits.get(symbol, ()):
                self.plan(Step(on=day, kind=EntryKind.SPLIT, symbol=symbol, size=factor))
            paid = continued(self.market.dividends.get(symbol, ()), through=self.through)
            for day, amount in paid:
                self.plan(Step(on=day, kind=EntryKind.DIVIDEND, symbol=symbol, size=amount))
        for step in (*SCRIPT, *every_month(self.through)):
            self.plan(step)
        while self.ahead:
            _, _, step = heapq.heappop(self.ahead)
            yield from self.take(step)

    def plan(self, step: Step) -> None:
        """Have it happen on its day; a trade on the first from then on that has a price."""
        if step.kind in (EntryKind.BUY, EntryKind.SELL):
            series = self.market.closes.get(step.symbol, ())
            place = bisect_left(series, step.on, key=lambda close: close[0])
            if place == len(series):
                return
            step = replace(step, on=series[place][0])
        if SINCE <= step.on <= self.through:
            heapq.heappush(self.ahead, (step.on, next(self.numbers), step))

    def take(self, step: Step) -> Iterable[StoryActivity]:
        if self.lacks_rate(step):
            return ()
        match step.kind:
            case EntryKind.BUY:
                return self.buy(step)
            case EntryKind.SELL:
                return self.sell(step)
            case EntryKind.TRANSFER_OUT:
                return self.transfer(step)
            case EntryKind.DIVIDEND:
                return self.receive(step) if step.units else self.note_dividend(step)
            case EntryKind.SPLIT:
                return self.split(step)
            case _:
                return self.move_money(step)

    def lacks_rate(self, step: Step) -> bool:
        """Whether it concerns the account in euros on a day of which no rate is known."""
        is_of_market = step.kind == EntryKind.SPLIT or (
            step.kind == EntryKind.DIVIDEND and not step.units
        )
        is_of_savings = step.account is Account.SAVINGS or step.kind == EntryKind.TRANSFER_OUT
        return is_of_savings and not is_of_market and step.on not in self.market.rates

    def price_on(self, step: Step) -> Decimal:
        series = self.market.closes[step.symbol]
        return series[bisect_left(series, step.on, key=lambda close: close[0])][1]

    def booked_rate(self, step: Step) -> Decimal | None:
        """Euros for a dollar, dearer for who buys them; None where dollars are paid in dollars."""
        if step.account is Account.FIRST or step.in_dollars:
            return None
        margin = MARGIN if step.kind == EntryKind.BUY else -MARGIN
        return (self.market.rates[step.on] * (1 + margin)).quantize(RATE_PLACES)

    def buy(self, step: Step) -> Iterator[StoryActivity]:
        price, rate = self.price_on(step), self.booked_rate(step)
        there = self.dollars.get(step.account, ZERO) if rate is None else self.euros / rate
        most = there - KEPT - FEES
        quantity = whole((min(step.size, most) if step.size else most) / price)
        if quantity > 0:
            yield self.trade(step, quantity, price, rate)

    def sell(self, step: Step) -> Iterator[StoryActivity]:
        quantity = self.part_of(step)
        if quantity > 0:
            yield self.trade(step, quantity, self.price_on(step), self.booked_rate(step))

    def trade(
        self, step: Step, quantity: Decimal, price: Decimal, rate: Decimal | None
    ) -> StoryActivity:
        sign = 1 if step.kind == EntryKind.BUY else -1
        self.hold(step.account, step.symbol, sign * quantity)
        paid = sign * product(quantity, price) + FEES
        if rate is None:
            self.earn_dollars(step.account, -paid)
        else:
            self.euros -= paid * rate
        return StoryActivity(
            account=step.account,
            kind=step.kind,
            on=step.on,
            symbol=step.symbol,
            quantity=quantity,
            unit_price=price,
            fees=FEES,
            exchange_rate=rate,
        )

    def part_of(self, step: Step) -> Decimal:
        return whole(self.held.get((step.account, step.symbol), ZERO) * step.size)

    def transfer(self, step: Step) -> Iterator[StoryActivity]:
        """From the first account to the other; units, or dollars."""
        told = StoryActivity(account=step.account, kind=step.kind, on=step.on, note=step.note)
        if step.symbol:
            quantity = self.part_of(step)
            self.hold(Account.FIRST, step.symbol, -quantity)
            self.hold(Account.SAVINGS, step.symbol, quantity)
            told = replace(told, symbol=step.symbol, quantity=quantity)
        else:
            quantity = min(step.size, self.dollars.get(Account.FIRST, ZERO)).quantize(CENT)
            self.earn_dollars(Account.FIRST, -quantity)
            self.earn_dollars(Account.SAVINGS, quantity)
            told = replace(told, amount=quantity, currency="USD")
        if quantity > 0:
            yield told

    def note_dividend(self, step: Step) -> tuple[()]:
        """On the ex-date: whoever holds shares now is paid for them later."""
        for account in Account:
            if units := self.held.get((account, step.symbol), ZERO):
                paid_on = step.on + PAID_AFTER
                self.plan(replace(step, account=account, on=paid_on, units=units))
        return ()

    def receive(self, step: Step) -> Iterator[StoryActivity]:
        amount = product(step.units, step.size).quantize(CENT, rounding=ROUND_HALF_EVEN)
        taxes = (amount * WITHHELD).quantize(CENT, rounding=ROUND_HALF_EVEN)
        self.earn_dollars(step.account, amount - taxes)
        yield StoryActivity(
            account=step.account,
            kind=step.kind,
            on=step.on,
            symbol=step.symbol,
            amount=amount,
            taxes=taxes,
            currency="USD",
        )

    def split(self, step: Step) -> tuple[()]:
        for account in Account:
            units = self.held.get((account, step.symbol), ZERO)
            self.hold(account, step.symbol, units * (step.size - 1))
        return ()

    def move_money(self, step: Step) -> Iterator[StoryActivity]:
        """In the account's currency; nothing leaves that is not there."""
        there = self.euros if step.account is Account.SAVINGS else self.dollars.get(step.account)
        is_in = step.kind == EntryKind.DEPOSIT
        if not is_in and (there or ZERO) < step.size + KEPT:
            return
        change = step.size if is_in else -step.size
        if step.account is Account.SAVINGS:
            self.euros += change
        else:
            self.earn_dollars(step.account, change)
        yield StoryActivity(
            account=step.account, kind=step.kind, on=step.on, amount=step.size, note=step.note
        )

    def hold(self, account: Account, symbol: str, units: Decimal) -> None:
        self.held[account, symbol] = self.held.get((account, symbol), ZERO) + units

    def earn_dollars(self, account: Account, amount: Decimal) -> None:
        self.dollars[account] = self.dollars.get(account, ZERO) + amount
