"""Placing an order: it works, it is refused, it is repeated, it races."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from threading import Barrier
from uuid import uuid4

import pytest
import redis
from django.db import connection

from accounts.identifiers import new_id
from market.live import live_quotes
from market.models import QuoteSnapshot
from portfolio.models import Hold
from portfolio.portfolios import archive_portfolio
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    place,
    publish_quote,
    status_of,
    units_of,
)
from trading.models import Fill, Order, OrderCommand, OrderEvent
from trading.orders import (
    DuplicateClientOrderId,
    OrderDenied,
    PortfolioUnknown,
    TooManyOpenOrders,
    estimate_order,
    place_order,
)
from trading.shards import doorbell

pytestmark = pytest.mark.django_db


def denied(call: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(OrderDenied) as caught:
        call()
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_it_records_the_order_with_its_hold_event_and_command() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    actor_id = new_id()
    ticket = make_ticket(apple, quantity="10", limit="99.50", tif="gtc", client_order_id="mine")
    order = place_order(portfolio_id=portfolio.id, ticket=ticket, placed_at=NOON, actor_id=actor_id)

    stored = Order.objects.get()
    for field in Order._meta.concrete_fields:
        assert getattr(order, field.attname) == getattr(stored, field.attname), field.name
    assert facts(stored.status, stored.client_order_id, stored.expires_at) == (
        "pending_new",
        "mine",
        None,
    )
    hold = Hold.objects.get(reference=order.id)
    assert facts(hold.amount, hold.remaining, hold.released_at) == (995, 995, None)
    assert cash_of(portfolio).held == 995
    event = OrderEvent.objects.get(order=order)
    assert facts(event.kind, event.status, event.actor_id) == ("placed", "pending_new", actor_id)
    command = OrderCommand.objects.get(order=order)
    assert facts(command.kind, command.sequence, command.instrument_id) == ("place", None, apple.id)


def test_it_takes_at_most_two_queries(django_assert_max_num_queries: Callable[..., object]) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    with django_assert_max_num_queries(2):  # type: ignore[attr-defined]
        place(portfolio, apple)


def test_a_day_order_ends_with_its_session() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    order = place(portfolio, apple, limit="90")
    assert order.expires_at is not None
    assert order.expires_at.isoformat() == "2026-03-05T05:00:00+00:00"  # midnight in New York


def test_an_amount_becomes_whole_lots_at_the_reference_price() -> None:
    portfolio, apple = make_portfolio(), make_instrument(lot_size=Decimal("0.001"))
    publish_quote(apple, ask="300.00")
    order = place(portfolio, apple, notional="1000")
    assert facts(order.quantity, order.notional) == (Decimal("3.333"), 1000)


def test_quotes_come_from_the_database_when_valkey_has_none() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    QuoteSnapshot.objects.create(
        instrument=apple,
        ask=Decimal(50),
        ask_size=Decimal(10),
        last=Decimal(50),
        occurred_at=NOON,
        source="simulated",
    )
    assert place(portfolio, apple).worst_price == Decimal("52.5")


def test_refusals_name_everything_and_change_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    found = denied(lambda: place(portfolio, apple, quantity="1.5", limit="1.005"))
    assert found == [("quantity", "off_lot"), ("limit_price", "off_tick")]
    assert not Order.objects.exists()
    assert cash_of(portfolio).held == 0


def test_absurd_numbers_are_refused_before_they_are_computed_with() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    for quantity, code in {
        "1e400": "too_large",
        "-1": "not_positive",
        "NaN": "not_positive",
    }.items():
        assert denied(partial(place, portfolio, apple, quantity=quantity)) == [("quantity", code)]


def test_more_than_buying_power_is_refused() -> None:
    portfolio, apple = make_portfolio(cash="1000"), make_instrument()
    assert place(portfolio, apple, quantity="10", limit="100").quantity == 10
    assert denied(lambda: place(portfolio, apple, quantity="1", limit="0.01")) == [
        ("quantity", "insufficient_buying_power")
    ]


def test_units_not_owned_or_already_for_sale_are_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    short = [("quantity", "insufficient_units")]
    assert denied(lambda: place(portfolio, apple, side="sell", quantity="1", limit="100")) == short
    give_units(portfolio, apple, "10")
    place(portfolio, apple, side="sell", quantity="10", limit="100")
    assert denied(lambda: place(portfolio, apple, side="sell", quantity="1", limit="100")) == short


def test_unknown_and_inactive_instruments_are_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument(is_active=False)
    publish_quote(apple)
    assert denied(lambda: place(portfolio, apple)) == [("symbol", "inactive")]
    unknown = replace(make_ticket(apple), instrument_id=2_000_000)
    assert denied(
        lambda: place_order(portfolio_id=portfolio.id, ticket=unknown, placed_at=NOON)
    ) == [("symbol", "unknown_symbol")]


def test_tracked_and_archived_portfolios_do_not_trade() -> None:
    alice, apple = make_user(), make_instrument()
    tracked = make_portfolio(alice, kind="tracked", cash="0")
    assert ("portfolio_id", "not_tradable") in denied(lambda: place(tracked, apple, limit="1"))
    paper = make_portfolio(alice, name="Other")
    archive_portfolio(portfolio_id=paper.id, owner=alice, archived_at=NOON)
    assert denied(lambda: place(paper, apple, limit="1")) == [("portfolio_id", "not_tradable")]


def test_an_unknown_portfolio_is_said_to_be_unknown() -> None:
    apple = make_instrument()
    with pytest.raises(PortfolioUnknown):
        place_order(portfolio_id=uuid4(), ticket=make_ticket(apple), placed_at=NOON)


def test_the_tier_limits_working_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = make_user(tier="standard")
    portfolio, apple = make_portfolio(alice, cash="1000000"), make_instrument()
    for _ in range(alice.allowance.open_orders):
        place(portfolio, apple, quantity="1", limit="1")
    with pytest.raises(
        TooManyOpenOrders, match="standard tier includes 200 working orders"
    ) as error:
        place(portfolio, apple, quantity="1", limit="1")
    assert (error.value.next_tier, error.value.next_allowed) == ("premium", 2_000)


def test_repeating_a_client_order_id_returns_the_order_it_made() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    first = place(portfolio, apple, limit="99", client_order_id="mine")
    again = place(portfolio, apple, limit="99", client_order_id="mine")
    assert again.id == first.id
    assert OrderCommand.objects.count() == 1
    assert cash_of(portfolio).held == 990


def test_a_client_order_id_with_other_content_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    first = place(portfolio, apple, limit="99", client_order_id="mine")
    with pytest.raises(DuplicateClientOrderId) as caught:
        place(portfolio, apple, limit="98", client_order_id="mine")
    assert caught.value.order_id == first.id


def test_an_estimate_says_what_it_would_cost_and_changes_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00")
    estimate = estimate_order(portfolio_id=portfolio.id, ticket=make_ticket(apple), at=NOON)
    assert facts(estimate.reference_price, estimate.cost, estimate.fees) == (100, 1000, 0)
    assert facts(estimate.buying_power, estimate.buying_power_after) == (100_000, 98_950)
    assert estimate.problems == ()
    too_much = make_ticket(apple, quantity="5000")
    estimate = estimate_order(portfolio_id=portfolio.id, ticket=too_much, at=NOON)
    assert [problem.code for problem in estimate.problems] == ["insufficient_buying_power"]
    assert not Order.objects.exists()


def at_once(calls: list[Callable[[], object]], *, threads: int) -> list[object]:
    """Run the calls on that many connections, beginning together; exceptions are results."""
    barrier = Barrier(threads)

    def run(share: list[Callable[[], object]]) -> list[object]:
        results: list[object] = []
        try:
            barrier.wait()
            for call in share:
                try:
                    results.append(call())
                except OrderDenied as error:
                    results.append(error)
        finally:
            connection.close()
        return results

    with ThreadPoolExecutor(threads) as pool:
        shares = [calls[index::threads] for index in range(threads)]
        return [result for results in pool.map(run, shares) for result in results]


@pytest.mark.django_db(transaction=True)
def test_of_two_orders_for_the_last_cash_one_is_placed() -> None:
    portfolio, apple = make_portfolio(cash="1500"), make_instrument()
    results = at_once([lambda: place(portfolio, apple, quantity="10", limit="100")] * 4, threads=4)
    placed = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if isinstance(result, OrderDenied)]
    assert facts(len(placed), len(refused)) == (1, 3)
    assert {problem.code for error in refused for problem in error.problems} == {
        "insufficient_buying_power"
    }
    assert cash_of(portfolio).held == 1000


@pytest.mark.django_db(transaction=True)
def test_of_two_sales_of_the_last_units_one_is_placed() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    calls = [lambda: place(portfolio, apple, side="sell", quantity="10", limit="100")] * 4
    results = at_once(list(calls), threads=4)
    assert sum(isinstance(result, Order) for result in results) == 1
    assert units_of(portfolio, apple).held == 10


@pytest.mark.django_db(transaction=True)
def test_the_same_client_order_id_at_once_makes_one_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    results = at_once(
        [lambda: place(portfolio, apple, limit="99", client_order_id="mine")] * 8, threads=8
    )
    assert len({result.id for result in results if isinstance(result, Order)}) == 1
    assert cash_of(portfolio).held == 990
    assert OrderCommand.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_400_concurrent_market_buys_end_with_exactly_the_right_cash() -> None:
    portfolio, apple = make_portfolio(cash="100000"), make_instrument()
    publish_quote(apple, asks=[("100.10", "150"), ("100.20", "1000")])
    results = at_once([lambda: place(portfolio, apple, quantity="1")] * 400, threads=16)
    assert all(isinstance(result, Order) for result in results)

    matcher = leading_matcher()
    while matcher.work():
        pass
    matcher.stop()
    matcher.run()

    assert {status_of(result.id) for result in results if isinstance(result, Order)} == {"filled"}
    assert Fill.objects.count() == 400
    spent = 150 * Decimal("100.10") + 250 * Decimal("100.20")
    cash = cash_of(portfolio)
    assert facts(cash.available, cash.held) == (100_000 - spent, 0)
    assert units_of(portfolio, apple).to_receive == 400


@pytest.mark.django_db(transaction=True)
def test_a_lost_ring_loses_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    monkeypatch.setattr(doorbell.bells, "call", refuse)
    order = place(portfolio, apple, limit="99")
    assert status_of(order) == "pending_new"
    assert live_quotes.rest.is_on


def refuse(*_: object) -> None:
    raise redis.ConnectionError("away")


def test_an_order_as_recorded_is_the_order_that_is_read_back() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    order = place(portfolio, apple, limit="99")
    stored = Order.objects.get(id=order.id)
    for field in Order._meta.concrete_fields:
        assert getattr(order, field.attname) == getattr(stored, field.attname), field.attname
    assert (order == stored, order._state.adding, order._state.db) == (True, False, "default")
    assert order.instrument == apple


def test_an_order_has_no_unknown_columns() -> None:
    with pytest.raises(TypeError, match="no column colour"):
        Order.as_recorded(id=new_id(), colour="red")
