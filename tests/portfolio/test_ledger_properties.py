"""What holds for every ledger: in several currencies, with splits, transfers and over-sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from market.models import CorporateAction, EuroRate, Instrument
from portfolio.activities import record_activities
from portfolio.bookkeeping.amounts import product
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import PortfolioError
from portfolio.models import (
    DailyValuation,
    JournalEntry,
    Lot,
    LotClosure,
    Portfolio,
    Position,
)
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from portfolio.returns.performance import measure
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument, make_user

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 1, 5, 15, tzinfo=UTC)
DAYS = 24
RECORDED_AT = FIRST + timedelta(days=DAYS + 5)
CENT = Decimal("0.005")
KINDS = (
    *("deposit", "withdrawal", "buy", "buy", "buy", "sell", "sell", "dividend", "interest"),
    *("fee", "tax", "split", "transfer_out"),
)


@dataclass(frozen=True)
class Event:
    """Something of a day: units or money of one of two instruments or currencies."""

    kind: str
    day: int
    is_euro: bool
    number: int

    def draft(self, place: int, instruments: Sequence[Instrument], to: Portfolio) -> ActivityDraft:
        instrument = instruments[self.is_euro]
        facts: dict[str, Any] = {"currency": "EUR" if self.is_euro else "USD"}
        if self.kind in {"buy", "sell"}:
            price = Decimal(50 + self.number)
            facts |= {"instrument": instrument, "quantity": Decimal(self.number)}
            facts |= {"unit_price": price, "fees": Decimal("0.37")}
        elif self.kind == "split":
            facts = {"instrument": instrument, "ratio_from": Decimal(3)}
            facts["ratio_to"] = Decimal(1 + self.number % 5)
        elif self.kind == "transfer_out":
            facts = {"instrument": instrument, "quantity": Decimal(self.number), "counterpart": to}
        else:
            facts["amount"] = Decimal(self.number) + Decimal("0.11")
            facts["instrument"] = instrument if self.kind == "dividend" else None
        # No two at once: else ids decide between them, and those follow the order of recording.
        occurred_at = FIRST + timedelta(days=self.day, minutes=place)
        return ActivityDraft(
            kind=self.kind, occurred_at=occurred_at, external_id=f"event {place}", **facts
        )


events = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(KINDS),
        day=st.integers(0, DAYS - 1),
        is_euro=st.booleans(),
        number=st.integers(1, 40),
    ),
    min_size=1,
    max_size=10,
)


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def instruments() -> list[Instrument]:
    """One in dollars and one in euros, with prices and rates that move every day."""
    dollars, euros = make_instrument("USDS"), make_instrument("EURS")
    Instrument.objects.filter(id=euros.id).update(currency="EUR")
    euros.refresh_from_db()
    for number, one in enumerate((dollars, euros)):
        prices = [str(60 + (7 * day + number) % 11) for day in range(DAYS + 2)]
        make_daily_bars(one, prices)
    EuroRate.objects.bulk_create(
        EuroRate(
            currency="USD",
            on_date=date(2026, 1, 1) + timedelta(days=day),
            per_euro=Decimal(100 + day % 9) / 100,
        )
        for day in range(DAYS + 40)
    )
    return [dollars, euros]


@dataclass(frozen=True)
class Told:
    """Two portfolios that were told the same events, in some order."""

    portfolio: Portfolio
    other: Portfolio


def tell(
    owner: User,
    instruments: Sequence[Instrument],
    told: Sequence[Event],
    order: Sequence[int],
    *,
    booked_actions: str = "splits",
) -> Told:
    portfolio, other = (
        open_portfolio(
            owner=owner,
            name=name,
            kind="tracked",
            currency="USD",
            starting_cash=None,
            opened_at=FIRST - timedelta(days=9),
            booked_actions=booked_actions,
        )
        for name in ("Here", "There")
    )
    here = Told(portfolio, other)
    tell_more(here, instruments, told, order)
    return here


def tell_more(
    here: Told, instruments: Sequence[Instrument], told: Sequence[Event], order: Sequence[int]
) -> None:
    for place in order:
        draft = told[place].draft(place, instruments, here.other)
        record_activities(
            portfolio=here.portfolio,
            activities=[draft],
            recorded_at=RECORDED_AT,
            is_batch=False,
        )


@contextmanager
def undone() -> Iterator[None]:
    """Each example begins with an empty ledger; what it wrote is checked as at a commit."""
    with transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def facts_of(portfolio: Portfolio) -> dict[str, Any]:
    """Everything derived, without ids."""
    found = measure(
        portfolio,
        start=(FIRST - timedelta(days=3)).date(),
        end=(FIRST + timedelta(days=DAYS)).date(),
        at=FIRST + timedelta(days=DAYS + 5),
    )
    return {
        "positions": sorted(
            Position.objects.filter(portfolio=portfolio).values_list(
                "instrument_id", "quantity", "cost", "realised_gain"
            )
        ),
        "lots": sorted(
            Lot.objects.filter(portfolio=portfolio).values_list(
                *("instrument_id", "opened_at", "quantity", "cost"),
                *("remaining_quantity", "remaining_cost", "is_missing"),
            )
        ),
        "drivers": found.drivers,
        "days": found.returns.days,
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=events, data=st.data())
def test_any_order_gives_one_ledger_whose_parts_explain_its_value(
    owner: User, instruments: list[Instrument], told: list[Event], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(range(len(told))))
    with undone():
        first = tell(owner, instruments, told, range(len(told)))
        second = tell(owner, instruments, told, shuffled)
        for one, same in ((first.portfolio, second.portfolio), (first.other, second.other)):
            facts = facts_of(one)
            assert facts == facts_of(same)
            assert_explained(facts["drivers"])
            assert_lots_are_the_position(one)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=events)
def test_arrays_find_what_the_plain_walk_finds(
    owner: User, instruments: list[Instrument], told: list[Event]
) -> None:
    """What is stored comes from arrays, of prices read now or kept; a check walks day by day."""
    through = (FIRST + timedelta(days=DAYS + 40)).date()
    with undone():
        here = tell(owner, instruments, told, range(len(told)))
        for portfolio in (here.portfolio, here.other):
            refresh_valuations(portfolio.id, through, is_full=True)
            found = check_valuations(portfolio.id)
            assert found.wrong == []
            DailyValuation.objects.filter(portfolio=portfolio).delete()
            refresh_valuations(portfolio.id, through)
            assert check_valuations(portfolio.id) == found


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=events, data=st.data())
def test_every_stored_day_is_explained_by_what_is_stored_of_it(
    owner: User, instruments: list[Instrument], told: list[Event], data: st.DataObject
) -> None:
    """Also where an activity came late, and where one was set right or undone since."""
    through = (FIRST + timedelta(days=DAYS + 5)).date()
    undone_ones = data.draw(st.sets(st.sampled_from(range(len(told)))))
    with undone():
        here = tell(owner, instruments, told, range(len(told) // 2))
        refresh_valuations(here.portfolio.id, through)
        tell_more(here, instruments, told, range(len(told) // 2, len(told)))
        refresh_valuations(here.portfolio.id, through)
        for entry in JournalEntry.objects.filter(
            portfolio=here.portfolio, external_id__in=[f"event {place}" for place in undone_ones]
        ):
            with suppress(PortfolioError):
                reverse_entry(portfolio=here.portfolio, entry_id=entry.id, reversed_at=RECORDED_AT)
        refresh_valuations(here.portfolio.id, through)
        assert check_valuations(here.portfolio.id).wrong == []
        assert_days_are_explained(here.portfolio)
        assert_days_add_up_as_measured(here.portfolio)


@dataclass(frozen=True)
class Declared:
    """A dividend of the market, paid some days after its ex-date."""

    day: int
    is_euro: bool
    pays_after: int
    cents: int

    def record(self, instruments: Sequence[Instrument]) -> CorporateAction:
        ex_date = (FIRST + timedelta(days=self.day)).date()
        instrument = instruments[self.is_euro]
        return CorporateAction.objects.create(
            instrument=instrument,
            kind="dividend",
            ex_date=ex_date,
            pay_date=ex_date + timedelta(days=self.pays_after),
            amount_per_share=Decimal(self.cents) / 100,
            currency=instrument.currency,
            source="test",
        )


dividends = st.lists(
    st.builds(
        Declared,
        day=st.integers(0, DAYS - 1),
        is_euro=st.booleans(),
        pays_after=st.integers(0, 30),
        cents=st.integers(1, 999),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: (one.day, one.is_euro),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=events, declared=dividends, data=st.data())
def test_dividends_accrue_and_are_paid_to_the_same_books_whenever_they_are_booked(
    owner: User,
    instruments: list[Instrument],
    told: list[Event],
    declared: list[Declared],
    data: st.DataObject,
) -> None:
    """Booked day by day, with cancellations in between, or all at once."""
    moments = sorted(data.draw(st.sets(st.integers(0, DAYS + 30), min_size=1, max_size=4)))
    cancelled = data.draw(st.sets(st.sampled_from(range(len(declared)))))
    ids = [one.id for one in instruments]
    through = FIRST + timedelta(days=DAYS + 30)
    with undone():
        here = tell(owner, instruments, told, range(len(told) // 2), booked_actions="all")
        actions = [one.record(instruments) for one in declared]
        for moment in moments:
            book_market_actions(here.portfolio, ids, at=FIRST + timedelta(days=moment))
        for place in cancelled:
            CorporateAction.objects.filter(id=actions[place].id).update(cancelled_at=FIRST)
        tell_more(here, instruments, told, range(len(told) // 2, len(told)))
        late = tell(owner, instruments, told, range(len(told)), booked_actions="all")
        for portfolio in (here.portfolio, late.portfolio):
            book_market_actions(portfolio, ids, at=through)
            refresh_valuations(portfolio.id, through.date())
            assert check_valuations(portfolio.id).wrong == []
            assert_days_are_explained(portfolio)
            assert_days_add_up_as_measured(portfolio)
            assert_explained(facts_of(portfolio)["drivers"])
        assert facts_of(here.portfolio) == facts_of(late.portfolio)
        assert balances_of(here.portfolio) == balances_of(late.portfolio)


def balances_of(portfolio: Portfolio) -> list[Any]:
    amounts = ("currency", "instrument_id", "settled", "accrued")
    return sorted(portfolio.balances.values_list(*amounts), key=str)


def assert_days_are_explained(portfolio: Portfolio) -> None:
    """The identity from one day to the next; where a price is missing there is nothing to tell."""
    realised: defaultdict[date, Decimal] = defaultdict(Decimal)
    sales = LotClosure.objects.filter(lot__portfolio=portfolio)
    sold = set(JournalEntry.objects.filter(portfolio=portfolio, kind="sell").values_list("id"))
    for one in sales:
        if (one.closing_entry_id,) in sold:
            realised[one.closed_at.date()] += one.proceeds - one.cost
    before = DailyValuation(
        cash=0, market_value=0, cost=0, currency_effect=Decimal(0), cash_effect=Decimal(0)
    )
    for day in DailyValuation.objects.filter(portfolio=portfolio).order_by("date"):
        assert abs(unexplained(before, day, realised[day.date])) < CENT, day.date
        before = day


def unexplained(before: DailyValuation, day: DailyValuation, realised: Decimal) -> Decimal:
    """What the identity leaves open of a day; nothing where its worth is not known."""
    worth_before, worth, flow = before.total_value, day.total_value, day.net_flow
    if worth_before is None or worth is None or flow is None or day.carried_gain is None:
        return Decimal(0)
    explained = flow + realised + day.income - day.fees - day.taxes - day.carried_gain
    explained += rates_did(day) - rates_did(before) + unrealised(day) - unrealised(before)
    return worth - worth_before - explained


def rates_did(day: DailyValuation) -> Decimal:
    assert day.currency_effect is not None
    assert day.cash_effect is not None
    return day.currency_effect + day.cash_effect


def unrealised(day: DailyValuation) -> Decimal:
    """What prices alone did."""
    assert day.market_value is not None
    assert day.currency_effect is not None
    return day.market_value - day.cost - day.currency_effect


def assert_days_add_up_as_measured(portfolio: Portfolio) -> None:
    """Income and charges of activities, one by one, are those of their days."""
    days = DailyValuation.objects.filter(portfolio=portfolio)
    names = ("income", "fees", "taxes", "trade_fees", "trade_taxes")
    stored = days.aggregate(**{name: Sum(name) for name in names})
    expected = dict.fromkeys(names, Decimal(0))
    standing = JournalEntry.objects.filter(portfolio=portfolio, reversed_by=None)
    for entry in standing:
        rate = entry.base_rate
        if entry.kind in {"dividend", "interest"}:
            expected["income"] += product(entry.amount or Decimal(0), rate)
        elif entry.kind in {"accrual", "accrual_paid"}:
            accrued = product(entry.amount or Decimal(0), rate)
            expected["income"] += accrued if entry.kind == "accrual" else -accrued
        elif entry.kind in {"fee", "tax"}:
            expected["fees" if entry.kind == "fee" else "taxes"] += product(
                entry.amount or Decimal(0), rate
            )
        elif entry.kind in {"buy", "sell"}:
            expected["trade_fees"] += product(entry.fees, rate)
    assert stored == expected


def assert_explained(drivers: Any) -> None:
    """To the cent; None where there is no price, which is nowhere here."""
    assert drivers is not None
    assert abs(drivers.identity_gap) < CENT, drivers


def assert_lots_are_the_position(portfolio: Portfolio) -> None:
    """Units that came in lots, less those that left them, are the units held."""
    for position in Position.objects.filter(portfolio=portfolio):
        lots = Lot.objects.filter(portfolio=portfolio, instrument=position.instrument_id)
        came = sum((lot.quantity + lot.added_quantity for lot in lots), Decimal(0))
        left = sum((one.quantity for one in LotClosure.objects.filter(lot__in=lots)), Decimal(0))
        assert came - left == position.quantity
        assert sum((lot.remaining_quantity for lot in lots), Decimal(0)) == position.quantity
        if not position.quantity:
            assert position.cost == 0
