"""Random business of two people over a real database, and what must hold after any of it.

Every step is made of a few whole numbers, so that a program may draw them and make them smaller.
Refusals are counted; only what contradicts a promise of ``docs/invariants.md`` is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from market.calendar import local_date
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import PortfolioError
from tests.trading.factories import (
    Clock,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    publish_quote,
)
from tests.trading.overfilling import check_orders
from tests.trading.splits.splitting import adjust, split
from trading import orders
from trading.changing.cancellation import cancel_order, cancel_orders
from trading.changing.replacement import Changes, replace_order
from trading.errors import OrderDenied, TradingError
from trading.halts.halts import halt_instrument, resume_instrument
from trading.models import Fill, Order, OrderEntryStop
from trading.shards.shard import Shard
from trading.shards.state_hash import lines_of
from trading.states import OrderClass, Status

MIDDLE: Final = 10_000  # cents
UNITS: Final = "500"  # of each instrument, bought at 100
CASH: Final = "300000"
ENDINGS: Final = ("day", "gtc", "ioc", "fok", "cls", "opg")
# Units of now for units of before; prices stay between these cents.
RATIOS: Final = ((2, 1), (3, 2), (3, 1), (1, 2), (5, 1), (1, 5))
LOWEST, HIGHEST = 1_000, 50_000
GROUPS: Final = (OrderClass.BRACKET, OrderClass.OTO, OrderClass.OCO)


def price(cents: int) -> str:
    return f"{cents / 100:.2f}"


class Floor:
    """Two people with money and units, two instruments, and the matcher between them."""

    def __init__(self, name: str) -> None:
        self.clock = Clock()
        self.owners = [make_user(f"{name}-{who}@example.com") for who in ("alice", "bob")]
        self.portfolios = [make_portfolio(owner, cash=CASH) for owner in self.owners]
        self.instruments = [make_instrument(f"{name}{letter}".upper()) for letter in "AB"]
        for portfolio in self.portfolios:
            for instrument in self.instruments:
                give_units(portfolio, instrument, UNITS)
        self.refused: Counter[str] = Counter()
        self.halted: set[int] = set()  # places in ``instruments``
        self.levels = [MIDDLE, MIDDLE]  # around which prices are, in units of now
        self.matcher = leading_matcher(self.clock)
        for which in range(len(self.instruments)):
            self.quote(which, 0, 5)

    def place(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        """A simple order: limit, market, stop or trailing, of any ending, either side."""
        fields: dict[str, Any] = {"tif": ENDINGS[kind % len(ENDINGS)]}
        fields["side"] = ("buy", "sell")[kind // 6 % 2]
        shape, limit = kind // 12 % 4, self.levels[which] + offset
        if shape in {0, 1}:
            fields["limit"] = price(limit)
            if shape:  # by amount
                fields["notional"] = price(limit * size)
        elif shape == 2:
            fields |= {"stop": price(limit), "tif": ENDINGS[kind % 2]}
        elif kind % 2:
            fields |= {"trail": price(10 + abs(offset)), "tif": "gtc"}
        self._place(who, self._ticket(which, size, **fields))

    def place_group(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        """An entry with its exits, or two exits of which one may happen."""
        order_class = GROUPS[kind % len(GROUPS)]
        entry = self.levels[which] + offset
        profit = Decimal(price(entry + 5 + abs(offset)))
        loss = Decimal(price(entry - 5 - abs(offset)))
        fields: dict[str, Any] = {"tif": "gtc", "limit": price(entry)}
        if order_class is OrderClass.OCO:
            fields |= {"side": "sell", "limit": str(profit)}
        ticket = replace(
            self._ticket(which, size, **fields),
            order_class=order_class,
            take_profit=profit if order_class is OrderClass.BRACKET else None,
            stop_loss=loss,
        )
        self._place(who, ticket)

    def replace(self, chosen: int, offset: int, size: int) -> None:
        """Another limit, another size or both for one of the working orders."""
        order = self._working(chosen)
        if order is None:
            return
        moved = (
            self.levels[[one.id for one in self.instruments].index(order.instrument_id)] + offset
        )
        changes = Changes(
            limit_price=Decimal(price(moved)) if offset % 3 else None,
            quantity=Decimal(size) if offset % 2 else None,
        )
        with self._counted():
            replace_order(order_id=order.id, changes=changes, requested_at=self.clock.now)

    def cancel(self, chosen: int) -> None:
        order = self._working(chosen)
        if order is not None:
            with self._counted():
                cancel_order(order_id=order.id, requested_at=self.clock.now)

    def quote(self, which: int, offset: int, size: int) -> None:
        """A newer price, two cents wide."""
        middle = self.levels[which] + offset
        publish_quote(
            self.instruments[which],
            bid=price(middle - 1),
            ask=price(middle + 1),
            last=price(middle),
            size=str(size),
            at=self.clock.advance(seconds=1),
        )

    def halt(self, which: int) -> None:
        """Halt an instrument, or let it trade again."""
        instrument, staff = self.instruments[which], self.owners[0].id
        now = self.clock.advance(seconds=1)
        if which in self.halted:
            resume_instrument(instrument, resumed_at=now, resumed_by_id=staff)
        else:
            halt_instrument(instrument, reason="News", halted_at=now, halted_by_id=staff)
        self.halted ^= {which}

    def wait(self, minutes: int) -> None:
        """Let time pass, into the closing auction and past it, and prices come again."""
        self.clock.advance(minutes=minutes)
        for which in range(len(self.instruments)):
            self.quote(which, 0, 20)

    def split(self, which: int, kind: int, most: int) -> None:
        """Let units become others today; orders of before follow, and prices.

        Mostly a day begins with it. Now and then it is told of late, as are splits that make
        several of a unit: what filled meanwhile then filled in units of before.
        """
        ratio_to, ratio_from = RATIOS[kind % len(RATIOS)]
        level = self.levels[which] * ratio_from // ratio_to
        is_late = kind // len(RATIOS) % 3 == 0 and ratio_to > ratio_from
        now = self.clock.advance(days=0 if is_late else 1)
        today = local_date(now, "America/New_York")
        instrument = self.instruments[which]
        if not LOWEST <= level <= HIGHEST or instrument.corporate_actions.filter(ex_date=today):
            return
        split(instrument, f"{ratio_to} for {ratio_from}", ex_date=today)
        self.levels[which] = level
        with override_settings(LIMITS=replace(settings.LIMITS, commands_per_match=most)):
            adjust(now)
            self.match()
        for portfolio in self.portfolios:  # at a reverse split once its orders have ended
            book_market_actions(portfolio, [instrument.id], at=now)
        for quoted in range(len(self.instruments)):
            self.quote(quoted, 0, 20)

    def match(self) -> None:
        """Let the matcher do all that waits; what is halted must not have filled."""
        halted = [self.instruments[which].id for which in self.halted]
        fills = Fill.objects.filter(instrument_id__in=halted)
        before = fills.count()
        while self.matcher.work():
            pass
        assert fills.count() == before, "a halted instrument filled"

    def restart(self) -> None:
        """Forget the books and build them from the table: they must be the same."""
        self.match()
        kept = state_of(self.matcher._shard)
        # Compared before it works on: it looks at the newest price as if that had just come.
        assert state_of(self.matcher._rebuild()) == kept, "the books were not what the table says"

    def finish(self) -> None:
        """Let everybody cancel what is left, and look at everything."""
        for portfolio in self.portfolios:
            cancel_orders(portfolio_id=portfolio.id, requested_at=self.clock.advance(seconds=1))
        self.match()
        left = self._mine().filter(status__in=Status.working())
        assert not left, f"still working after everything was cancelled: {list(left)}"
        self.check()

    def check(self) -> None:
        """Raises AssertionError where a promise is broken."""
        assert failed_probes() == []
        assert not OrderEntryStop.objects.standing(), "order entry was stopped"
        with connection.cursor() as cursor:  # what would be refused at the commit only
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for portfolio in self.portfolios:
            with transaction.atomic():
                assert find_differences(portfolio.id) == []
        check_orders(self._mine())

    def _ticket(self, which: int, size: int, **fields: Any) -> orders.OrderTicket:
        return make_ticket(self.instruments[which], quantity=str(size), **fields)

    def _place(self, who: int, ticket: orders.OrderTicket) -> None:
        with self._counted():
            orders.place_order(
                portfolio_id=self.portfolios[who].id, ticket=ticket, placed_at=self.clock.now
            )

    def _mine(self) -> Any:
        return Order.objects.filter(portfolio__in=self.portfolios).order_by("id")

    def _working(self, chosen: int) -> Order | None:
        working = list(self._mine().filter(status__in=Status.working()))
        return working[chosen % len(working)] if working else None

    def _counted(self) -> Counting:
        return Counting(self.refused)


class Counting:
    """Counts refusals by their code, and undoes what was refused half way."""

    def __init__(self, refused: Counter[str]) -> None:
        self._refused = refused
        self._atomic = transaction.atomic()

    def __enter__(self) -> None:
        self._atomic.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._atomic.__exit__(kind, error, traceback)
        if isinstance(error, OrderDenied):
            self._refused.update(problem.code for problem in error.problems)
        elif isinstance(error, TradingError | PortfolioError):
            self._refused[error.code] += 1
        else:
            return False
        return True


def state_of(shard: Shard | None) -> list[str]:
    """What decides what happens next in these books."""
    assert shard is not None
    return list(lines_of(shard))
