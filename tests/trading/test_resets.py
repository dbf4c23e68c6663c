"""A paper portfolio begins anew: orders end, everything leaves by entries, new cash comes in."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from market.models import CorporateAction, Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import ActivityRefused, NotReversible, PortfolioRefused
from portfolio.models import (
    DailyValuation,
    Hold,
    JournalEntry,
    LedgerBalance,
    Lot,
    Portfolio,
    PortfolioMember,
    Position,
)
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from portfolio.returns.performance import measure
from portfolio.returns.periods import PeriodRefused
from portfolio.sealing.sealing import seal_journal
from portfolio.sealing.verification import verify_ledger
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.api.clients import ApiClient, key_for
from tests.factories import make_daily_bars
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
    units_of,
)
from trading.errors import OrderDenied
from trading.matcher import Matcher
from trading.models import Order, PortfolioReset, Settlement
from trading.resets.carrying_out import carry_out, carry_out_resets
from trading.resets.requests import ResetPending, latest_reset, request_reset
from trading.settlement import settle_due

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=1)


def ask(portfolio: Portfolio, cash: str = "50000", *, at: datetime = NOON) -> PortfolioReset:
    return request_reset(
        portfolio=portfolio,
        starting_cash=Decimal(cash),
        requested_at=at,
        actor_id=portfolio.owner_id,
    )


def reset(portfolio: Portfolio, cash: str = "50000", *, at: datetime = NOON) -> PortfolioReset:
    asked = ask(portfolio, cash, at=at)
    assert carry_out(asked.id, at=at)
    portfolio.refresh_from_db()
    return asked


def traded(portfolio: Portfolio, instrument: Instrument) -> Matcher:
    """10 units given, 5 bought and 2 sold a moment ago, one order resting, one stop waiting."""
    give_units(portfolio, instrument, "10")
    publish_quote(instrument)
    place(portfolio, instrument, quantity="5")
    place(portfolio, instrument, side="sell", quantity="2")
    place(portfolio, instrument, limit="90", tif="gtc")
    place(portfolio, instrument, side="sell", stop="80", quantity="3", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    return matcher


def test_orders_end_first_and_then_everything_leaves() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    matcher = traded(portfolio, apple)
    asked = ask(portfolio)
    assert set(portfolio.orders.working().values_list("status", flat=True)) == {"pending_cancel"}
    assert not carry_out(asked.id, at=NOON)

    matcher.work()
    assert carry_out_resets(at=LATER) == 1

    asked.refresh_from_db()
    assert asked.done_at == LATER
    cash, units = cash_of(portfolio), units_of(portfolio, apple)
    assert facts(cash.settled, cash.total, cash.held, cash.withdrawable) == (50_000,) * 2 + (
        0,
        50_000,
    )
    assert facts(units.total, units.settled, units.held) == (0, 0, 0)
    assert not Hold.objects.filter(released_at=None).exists()
    assert not Settlement.objects.filter(settled_at=None).exists()
    assert not Lot.objects.filter(portfolio=portfolio, remaining_quantity__gt=0).exists()
    assert Position.objects.get(portfolio=portfolio).quantity == 0
    assert find_differences(portfolio.id) == []
    told = AuditEvent.objects.filter(action__startswith="portfolio.reset").order_by("id")
    assert [one.action for one in told] == ["portfolio.reset_requested", "portfolio.reset"]


def test_entries_say_what_left() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    reset(portfolio, "7")
    entries = JournalEntry.objects.filter(external_id__startswith="reset:").order_by("occurred_at")
    told = {
        (entry.kind, entry.external_id.rsplit(":", 1)[1]): facts(entry.quantity, entry.amount)
        for entry in entries
    }
    assert told == {
        ("adjustment", "USD"): (None, -99_000),
        ("adjustment", str(apple.id)): (-10, None),
        ("deposit", "starting-cash"): (None, 7),
    }
    kinds = {posting.ledger_account.kind for entry in entries for posting in entry.postings.all()}
    assert kinds == {"settled", "reset", "equity"}


def test_what_is_settled_early_is_not_settled_again() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    place(portfolio, apple)
    leading_matcher().work()
    reset(portfolio, at=LATER)
    assert settle_due(as_of=NOON + timedelta(days=3)) == 0
    assert cash_of(portfolio).settled == 50_000


def test_a_portfolio_without_anything_begins_anew_too() -> None:
    portfolio = make_portfolio(cash="0")
    reset(portfolio, "0")
    assert LedgerBalance.objects.get(portfolio=portfolio).total == 0
    reset(portfolio, "12.34", at=LATER)
    assert cash_of(portfolio).settled == Decimal("12.34")


def test_carried_out_again_it_changes_nothing() -> None:
    portfolio = make_portfolio()
    asked = reset(portfolio)
    count = JournalEntry.objects.count()
    assert not carry_out(asked.id, at=LATER)
    assert carry_out_resets(at=LATER) == 0
    assert JournalEntry.objects.count() == count
    assert latest_reset(portfolio) == asked


def test_orders_are_refused_while_it_is_pending_and_taken_after() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    asked = ask(portfolio)
    with pytest.raises(OrderDenied) as denied:
        place(portfolio, apple)
    assert [one.code for one in denied.value.problems] == ["being_reset"]
    carry_out(asked.id, at=NOON)
    publish_quote(apple, at=LATER)
    order = place(portfolio, apple, at=LATER)
    leading_matcher(Clock(LATER)).work()
    assert status_of(order) == "filled"
    assert find_differences(portfolio.id) == []


def test_an_order_that_slipped_in_is_ended_first() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    asked = ask(portfolio)
    # As one that was judged before the wish was written, and recorded after.
    PortfolioReset.objects.filter(id=asked.id).update(done_at=LATER)
    order = place(portfolio, apple, limit="90", tif="gtc")
    PortfolioReset.objects.filter(id=asked.id).update(done_at=None)
    assert not carry_out(asked.id, at=NOON)
    assert status_of(order) == "pending_cancel"
    leading_matcher().work()
    assert carry_out(asked.id, at=NOON)
    assert cash_of(portfolio).total == 50_000


def test_the_end_of_the_last_order_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        "trading.resets.carrying_out.request_carrying_out", lambda: asked.append(True)
    )
    portfolio, other = make_portfolio(), make_portfolio(make_user("bob@example.com"))
    apple = make_instrument()
    publish_quote(apple)
    for one in (portfolio, other):
        place(one, apple, limit="90", tif="gtc")
    ask(portfolio)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        leading_matcher().work()
    assert asked == [True]


@pytest.mark.parametrize("cash", ["-1", "0.00000000001", "1E16", "NaN", "Infinity"])
def test_what_is_no_money_is_refused(cash: str) -> None:
    with pytest.raises(PortfolioRefused) as refused:
        ask(make_portfolio(), cash)
    assert [one.field for one in refused.value.problems] == ["starting_cash"]


def test_a_tracked_portfolio_is_refused() -> None:
    with pytest.raises(PortfolioRefused) as refused:
        ask(make_portfolio(kind="tracked", cash="0"))
    assert [one.code for one in refused.value.problems] == ["not_paper"]


def test_one_at_a_time() -> None:
    portfolio = make_portfolio()
    ask(portfolio)
    with pytest.raises(ResetPending):
        ask(portfolio)
    assert PortfolioReset.objects.count() == 1


def test_values_and_returns_begin_anew() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    make_daily_bars(apple, ["100"] * 40, first_at=NOON.replace(day=1, month=2, hour=5))
    refresh_valuations(portfolio.id, NOON.date())
    assert DailyValuation.objects.filter(portfolio=portfolio).count() > 20
    reset(portfolio)
    assert not DailyValuation.objects.filter(portfolio=portfolio).exists()

    next_week = NOON + timedelta(days=7)
    refresh_valuations(portfolio.id, next_week.date() - timedelta(days=1))
    days = DailyValuation.objects.filter(portfolio=portfolio).order_by("date")
    assert days[0].date == NOON.date()
    assert {(day.total_value, day.cost) for day in days} == {(Decimal(50_000), Decimal(0))}
    assert facts(days[0].inflow, days[0].outflow, days[0].carried_gain) == (50_000, 0, 0)
    assert check_valuations(portfolio.id).wrong == []

    found = measure(portfolio, at=next_week)
    assert facts(found.start, found.start_value) == (NOON.date(), 0)
    assert facts(found.end_value, found.returns.total) == (50_000, 0)
    assert found.drivers is not None
    assert facts(found.drivers.identity_gap, found.drivers.realised_gain) == (0, 0)
    assert measure(portfolio, start=date(2026, 1, 1), at=next_week).start == NOON.date()
    with pytest.raises(PeriodRefused):
        measure(portfolio, end=NOON.date() - timedelta(days=1), at=next_week)


def test_gains_of_before_are_not_counted() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="110.00", ask="111.00")
    place(portfolio, apple, side="sell", quantity="10")
    leading_matcher().work()
    assert [one.gain for one in measure(portfolio, at=LATER).realised] == [100]
    reset(portfolio, at=LATER)
    assert measure(portfolio, at=LATER + timedelta(minutes=1)).realised == []


def split(instrument: Instrument, ex_date: date, **facts_: object) -> CorporateAction:
    fields = {"kind": "split", "ratio_from": 1, "ratio_to": 4, "source": "manual"} | facts_
    return CorporateAction.objects.create(instrument=instrument, ex_date=ex_date, **fields)


def test_what_actions_of_before_would_bring_is_gone() -> None:
    """Dividends that were earned and not paid, and splits that come to be known late."""
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    reset(portfolio)
    split(apple, NOON.date() - timedelta(days=3))
    split(
        apple,
        NOON.date() - timedelta(days=2),
        kind="dividend",
        ratio_from=None,
        ratio_to=None,
        amount_per_share=Decimal(1),
        currency="USD",
        pay_date=NOON.date() + timedelta(days=5),
    )
    assert book_market_actions(portfolio, [apple.id], at=NOON + timedelta(days=9)) == 0
    assert find_differences(portfolio.id) == []


def test_nothing_is_recorded_or_reversed_before_it() -> None:
    portfolio = make_portfolio()
    earlier = JournalEntry.objects.get(portfolio=portfolio)
    reset(portfolio)
    deposit = ActivityDraft(
        kind="deposit", occurred_at=NOON - timedelta(hours=1), amount=Decimal(5)
    )
    with pytest.raises(ActivityRefused) as refused:
        record_activity(portfolio=portfolio, activity=deposit, recorded_at=LATER)
    assert [one.code for one in refused.value.problems] == ["before_reset"]
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=portfolio, entry_id=earlier.id, reversed_at=LATER)


def test_seals_and_commands_agree() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    traded(portfolio, apple).stop()
    asked = ask(portfolio)
    leading_matcher().work()
    carry_out(asked.id, at=LATER)
    seal_journal(sealed_at=LATER)
    assert verify_ledger().problems == []
    call_command("rebuild_positions", check=True)
    call_command("rebuild_valuations", check=True)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_carry_it_out_once() -> None:
    portfolio = make_portfolio()
    asked = ask(portfolio)
    outcomes: list[bool] = []

    def work() -> None:
        try:
            outcomes.append(carry_out(asked.id, at=LATER))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert sorted(outcomes) == [False, False, False, True]
    assert cash_of(portfolio).total == 50_000
    assert Order.objects.count() == 0


def test_programs_and_pages_ask_for_it() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    api = ApiClient(key_for(portfolio.owner))
    address = f"/portfolios/{portfolio.id}"
    assert api.get(f"{address}/resets").json() == {"items": [], "next_cursor": None}
    assert api.post(f"{address}/reset", {"starting_cash": "-1"}).status_code == 422
    answer = api.post(f"{address}/reset", {"starting_cash": "250.5"}, key="once")
    told = answer.json()
    assert (answer.status_code, told["status"], told["starting_cash"]) == (202, "pending", "250.5")
    again = api.post(f"{address}/reset", {"starting_cash": "250.5"}, key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (answer.content, "true")
    assert api.post(f"{address}/reset", {}).json()["code"] == "reset_pending"

    page = Client()
    page.force_login(portfolio.owner)
    shown = page.get(f"{address}/reset").content.decode()
    assert "Being reset to" in shown
    assert "Typed once more" not in shown
    carry_out_resets(at=timezone.now())
    assert api.get(f"{address}/resets").json()["items"][0]["status"] == "done"
    assert api.get(address).json()["cash"] == "250.5"


def test_the_page_wants_the_name_and_a_fresh_sign_in() -> None:
    portfolio = make_portfolio()
    portfolio.owner.set_password("a-long-password")
    portfolio.owner.save()
    address = f"/portfolios/{portfolio.id}/reset"
    page = Client()
    page.force_login(portfolio.owner)
    sent = {"starting_cash": "9", "name": "Paper"}
    assert "reauthenticate" in page.post(address, sent)["Location"]

    confirmed = page.post("/accounts/reauthenticate/", {"password": "a-long-password"})
    assert confirmed.status_code == 302
    assert page.post(address, sent | {"name": "Other"}).status_code == 422
    assert page.post(address, sent | {"starting_cash": "-9"}).status_code == 422
    assert not PortfolioReset.objects.exists()
    assert page.post(address, sent).status_code == 302
    assert page.post(address, sent).status_code == 422  # while it is pending
    assert PortfolioReset.objects.get().starting_cash == 9


def test_a_stranger_and_a_member_are_refused() -> None:
    portfolio, bob = make_portfolio(), make_user("bob@example.com")
    address = f"/portfolios/{portfolio.id}/reset"
    page, api = Client(), ApiClient(key_for(bob))
    page.force_login(bob)
    assert page.get(address).status_code == 404
    assert api.post(address, {}).status_code == 404
    for role in ("viewer", "editor"):
        PortfolioMember.objects.update_or_create(
            portfolio=portfolio, user=bob, defaults={"role": role, "added_at": NOON}
        )
        assert page.get(address).status_code == 403
        assert api.post(address, {}).status_code == 403
    assert not PortfolioReset.objects.exists()
