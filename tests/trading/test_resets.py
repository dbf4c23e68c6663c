"""A paper portfolio begins anew: orders end, everything leaves by entries, new cash comes in."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import AuditEvent
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.errors import PortfolioRefused
from portfolio.models import (
    Hold,
    JournalEntry,
    LedgerBalance,
    Lot,
    Position,
)
from portfolio.sealing.sealing import seal_journal
from portfolio.sealing.verification import verify_ledger
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
from tests.trading.resetting import LATER, ask, reset, traded
from trading.errors import OrderDenied
from trading.models import Order, PortfolioReset, Settlement
from trading.resets.carrying_out import carry_out, carry_out_resets
from trading.resets.requests import ResetPending, latest_reset
from trading.settlement import settle_due

pytestmark = pytest.mark.django_db


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
