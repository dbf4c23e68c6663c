"""What the matcher does when something breaks: nothing by half, nothing twice, and it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from market.live import live_quotes
from market.models import Instrument, QuoteSnapshot
from portfolio import ledger
from portfolio.bookkeeping import lot_keeping
from portfolio.models import JournalEntry
from tests.factories import make_price_message
from tests.support.desk import wait_until
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
)
from trading import execution
from trading.matcher import LOCK_SPACE, Matcher
from trading.models import Fill, Order, OrderCommand
from trading.orders import cancel_order
from trading.shards import batch_rows, steps
from trading.shards.shard import BookDiverged

pytestmark = pytest.mark.django_db(transaction=True)


class Broken(Exception):
    pass


def broken(*_: Any, **__: Any) -> Any:
    raise Broken


@contextmanager
def running(matcher: Matcher) -> Iterator[Matcher]:
    """Run a matcher's loop in a thread of its own."""
    thread = threading.Thread(target=matcher.run)
    thread.start()
    try:
        yield matcher
    finally:
        matcher.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


def finish(matcher: Matcher) -> None:
    """Let go of the lock, as the end of the process would."""
    matcher.stop()
    matcher.run()


def lock_holder() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            # Other workers of the test run have databases of their own in the same server.
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_SPACE],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def make_crossing() -> tuple[list[Order], Instrument]:
    """A sale and two purchases, all of which fill in one batch."""
    apple = make_instrument()
    seller = make_portfolio(make_user("bob@example.com"))
    give_units(seller, apple, "10")
    buyer = make_portfolio()
    publish_quote(apple, bid="99.00", ask="100.00")
    return [
        place(seller, apple, side="sell", quantity="10", limit="99.50"),
        place(buyer, apple, quantity="4"),
        place(buyer, apple, quantity="10"),
    ], apple


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(ledger, "begin_posting", id="before the entries"),
        pytest.param(lot_keeping, "write_holdings", id="after the fills"),
        pytest.param(batch_rows, "event_row", id="at the events"),
    ],
)
def test_a_failure_in_the_middle_of_a_batch_leaves_everything_as_before(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, _ = make_crossing()
    matcher = leading_matcher()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, lambda *_, **__: (_ for _ in ()).throw(OperationalError("cut")))
        with pytest.raises(OperationalError):
            matcher.work()
    assert [status_of(order) for order in orders] == ["pending_new"] * 3
    assert not Fill.objects.exists()
    assert not JournalEntry.objects.filter(kind="sell").exists()

    matcher.work()

    assert [status_of(order) for order in orders] == ["filled"] * 3
    assert list(OrderCommand.objects.order_by("sequence").values_list("sequence", flat=True)) == [
        1,
        2,
        3,
    ]
    finish(matcher)


def test_one_command_that_cannot_be_done_is_rejected_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    orders = [place(portfolio, apple, quantity=str(units)) for units in (1, 2, 3)]
    new_fill = steps._new_fill

    def refuse_two(progress: Any, **fields: Any) -> Any:
        if progress.order.quantity == 2:
            raise Broken
        return new_fill(progress, **fields)

    monkeypatch.setattr(steps, "_new_fill", refuse_two)
    matcher = leading_matcher()
    matcher.work()

    assert [status_of(order) for order in orders] == ["filled", "rejected", "filled"]
    assert Order.objects.get(status="rejected").status_reason == execution.REJECTED
    assert facts(cash_of(portfolio).held, cash_of(portfolio).available) == (0, 99_600)
    monkeypatch.undo()
    late = place(portfolio, apple, quantity="1")
    matcher.work()
    assert status_of(late) == "filled"
    finish(matcher)


def test_resting_orders_that_cannot_be_matched_do_not_stop_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portfolio, apple, other = make_portfolio(), make_instrument(), make_instrument("MSFT")
    clock = Clock()
    publish_quote(apple)
    publish_quote(other)
    resting = place(portfolio, apple, limit="99.00", tif="gtc")
    matcher = leading_matcher(clock)
    matcher.work()
    publish_quote(apple, bid="97.90", ask="98.00", at=clock.advance(seconds=1))
    new = place(portfolio, other, quantity="1", at=clock.now)
    new_fill = steps._new_fill

    def refuse_apple(progress: Any, **fields: Any) -> Any:
        if progress.order.instrument_id == apple.id:
            raise Broken
        return new_fill(progress, **fields)

    monkeypatch.setattr(steps, "_new_fill", refuse_apple)
    matcher.work()

    assert facts(status_of(resting), status_of(new)) == ("new", "filled")
    finish(matcher)


def test_books_that_diverge_are_rebuilt() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    order = place(portfolio, apple, limit="90.00")
    matcher = leading_matcher()
    matcher.work()
    cancel_order(order_id=order.id, requested_at=NOON)
    assert matcher._shard is not None
    matcher._shard.orders.clear()  # a memory that has lost the order
    with pytest.raises(BookDiverged):
        matcher.work()
    connection.close()  # and with it goes the lock, for the loop runs on a connection of its own

    with running(matcher):
        wait_until(lambda: status_of(order) == "canceled", seconds=5, what="the cancellation")


def test_books_whose_hash_is_not_the_tables_are_rebuilt() -> None:
    """Nothing is wrong with any order but who stands before whom."""
    apple = make_instrument()
    orders = [
        place(make_portfolio(make_user(f"{name}@example.com")), apple, limit="90.00", tif="gtc")
        for name in ("bob", "charlie")
    ]
    matcher = leading_matcher()
    matcher.work()
    matcher.compare_books()
    assert matcher._shard is not None
    (level,) = matcher._shard.books[apple.id].bids.levels.values()
    level.reverse()
    with pytest.raises(BookDiverged, match="hash"):
        matcher.compare_books()
    connection.close()
    with running(matcher):
        publish_quote(apple, bid="89.90", ask="90.00", size="5")
        wait_until(lambda: status_of(orders[0]) != "new", seconds=10, what="the first fill")
    assert [status_of(one) for one in orders] == ["partially_filled", "new"]


def test_no_order_ends_because_a_column_has_changed_under_a_running_matcher() -> None:
    """As a migration does; PostgreSQL refuses once what was prepared before."""
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    with running(Matcher(shard=0, shards=1, clock=Clock())):
        before = place(portfolio, apple, quantity="1")
        wait_until(lambda: status_of(before) == "filled", seconds=10, what="the first fill")
        with changed_column("portfolio_portfolio", "lot_method", "text"):
            after = place(portfolio, apple, quantity="2")
            wait_until(lambda: status_of(after) != "pending_new", seconds=10, what="the other")
            assert status_of(after) == "filled"


@contextmanager
def changed_column(table: str, column: str, kind: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        (before,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {before}")


def test_a_command_done_before_a_restart_is_not_done_again() -> None:
    orders, _ = make_crossing()
    first = leading_matcher()
    first.work()
    finish(first)
    second = leading_matcher()
    assert second.work() == 0
    finish(second)
    assert Fill.objects.count() == 5
    assert [status_of(order) for order in orders] == ["filled"] * 3


def test_resting_orders_keep_their_place_over_a_restart() -> None:
    apple = make_instrument()
    buyers = [make_portfolio(make_user(f"{name}@example.com")) for name in ("bob", "carol")]
    resting = [place(buyer, apple, quantity="5", limit="99.00") for buyer in buyers]
    first = leading_matcher()
    first.work()
    finish(first)
    seller = make_portfolio()
    give_units(seller, apple, "6")
    place(seller, apple, side="sell", quantity="6", limit="98.00")
    second = leading_matcher()
    second.work()
    finish(second)
    assert [status_of(order) for order in resting] == ["filled", "partially_filled"]


def test_a_standby_takes_over_within_five_seconds() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    leader, standby = (
        Matcher(shard=0, shards=1, clock=Clock()),
        Matcher(shard=0, shards=1, clock=Clock()),
    )
    with running(leader):
        wait_until(lambda: leader.is_leader, seconds=5, what="a leader")
        with running(standby):
            first = place(portfolio, apple, limit="90")
            wait_until(lambda: status_of(first) == "new", seconds=5, what="the first order")
            assert not standby.is_leader
            # Its connection is cut as the death of its process would cut it.
            leader.stop()
            terminate(lock_holder())
            wait_until(lambda: standby.is_leader, seconds=5, what="the take-over")
            second = place(portfolio, apple, limit="91")
            wait_until(lambda: status_of(second) == "new", seconds=5, what="the second order")


def test_a_leader_whose_connection_is_cut_leads_again() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    matcher = Matcher(shard=0, shards=1, clock=Clock())
    with running(matcher):
        wait_until(lambda: matcher.is_leader, seconds=5, what="a leader")
        terminate(lock_holder())
        order = place(portfolio, apple, limit="90")
        wait_until(lambda: status_of(order) == "new", seconds=10, what="the order")


def test_a_connection_replaced_silently_may_not_write() -> None:
    matcher = leading_matcher()
    connection.close()
    connection.ensure_connection()
    with pytest.raises(OperationalError):
        matcher.work()


def test_a_ring_wakes_the_matcher_and_a_price_fills_what_rests() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    clock = Clock()
    publish_quote(apple)
    matcher = Matcher(shard=0, shards=1, clock=clock)
    with running(matcher):
        order = place(portfolio, apple, limit="99")
        wait_until(lambda: status_of(order) == "new", seconds=5, what="the order in the book")
        publish_batch(apple, ask="98.00", bid="97.90", at=clock.advance(seconds=1))
        wait_until(lambda: status_of(order) == "filled", seconds=5, what="the fill")


def test_without_valkey_it_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    QuoteSnapshot.objects.create(
        instrument=apple,
        ask=100,
        ask_size=500,
        last=100,
        occurred_at=NOON,
        source="simulated",
    )
    matcher = Matcher(shard=0, shards=1, clock=Clock())
    with monkeypatch.context() as patch:
        patch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
        with running(matcher):
            order = place(portfolio, apple)
            wait_until(lambda: status_of(order) == "filled", seconds=5, what="the fill")


def test_the_heartbeat_says_that_it_lives() -> None:
    matcher = Matcher(shard=0, shards=1)
    with running(matcher):
        wait_until(
            lambda: bool(live_quotes.valkey().get("matcher:0:heartbeat")), seconds=5, what="a beat"
        )


def publish_batch(instrument: Instrument, **fields: Any) -> None:
    """Publish a quote as the feed does: kept, and told to whoever listens."""

    from market.values import quote_to_wire

    quote = publish_quote(instrument, **fields)
    message = make_price_message(quotes=[quote_to_wire(quote, with_depth=True)])
    live_quotes.valkey().publish(live_quotes.prices_channel("0"), message)


def terminate(pid: int | None) -> None:
    assert pid is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
