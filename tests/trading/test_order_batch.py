"""Many orders placed at once: each has its outcome, and the whole takes a few statements."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tiers import allowance_of
from market.models import Instrument
from portfolio.models import Hold, Portfolio
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
    units_of,
)
from trading.errors import OrderDenied, PortfolioUnknown
from trading.models import Order, OrderCommand, OrderEvent
from trading.placing.order_batch import BatchTooLarge, Placing, Wish, place_orders
from trading.pretrade import NEARLY_ALL


def wish(portfolio: Portfolio, instrument: Instrument, **fields: Any) -> Wish:
    return Wish(portfolio.id, make_ticket(instrument, **fields))


def send(portfolio: Portfolio, *wishes: Wish) -> list[Placing]:
    return place_orders(wishes=wishes, placed_at=NOON)


def words_of(placings: list[Placing]) -> list[str]:
    """``placed``, ``repeated``, or the code of the first problem."""
    found = []
    for one in placings:
        if isinstance(one.error, OrderDenied):
            found.append(one.error.problems[0].code)
        elif one.error is not None:
            found.append(one.error.code)
        else:
            found.append("repeated" if one.is_repeated else "placed")
    return found


@pytest.mark.django_db
def test_a_batch_does_what_single_orders_would() -> None:
    apple = make_instrument()
    publish_quote(apple)
    kinds: list[dict[str, Any]] = [
        {"quantity": "10"},
        {"quantity": "5", "limit": "90"},
        {"side": "sell", "quantity": "7", "trail": "2%"},
        {"quantity": "3", "stop": "120", "limit": "121", "tif": "gtc"},
        {"notional": "999.99"},
    ]
    written = []
    for name in ("single", "batch"):
        portfolio = make_portfolio(make_user(f"{name}@example.com"))
        give_units(portfolio, apple, "10")
        kinds_named = [kind | {"client_order_id": f"n{i}"} for i, kind in enumerate(kinds)]
        if name == "single":
            for kind in kinds_named:
                place(portfolio, apple, **kind)
        else:
            placings = send(portfolio, *(wish(portfolio, apple, **kind) for kind in kinds_named))
            assert words_of(placings) == ["placed"] * 5
        orders = Order.objects.filter(portfolio=portfolio).order_by("commands__id")
        hidden = {"id", "portfolio_id", "_state", "status", "priority"}
        written.append(
            [{k: v for k, v in vars(order).items() if k not in hidden} for order in orders]
            + [
                list(
                    Hold.objects.filter(reference__in=orders.values("id"))
                    .order_by("amount")
                    .values_list("amount", "remaining", "placed_at", "released_at")
                ),
                list(
                    OrderEvent.objects.filter(order__in=orders)
                    .order_by("id")
                    .values_list("kind", "status", "occurred_at", "actor_id", "details")
                ),
                facts(cash_of(portfolio).held, units_of(portfolio, apple).held),
            ]
        )
    assert written[0] == written[1]
    matcher = leading_matcher()
    matcher.work()
    assert OrderCommand.objects.filter(sequence=None).count() == 0


@pytest.mark.django_db
def test_one_that_is_refused_harms_no_other_and_each_sees_what_those_before_took() -> None:
    portfolio, apple = make_portfolio(cash="1000"), make_instrument()
    stranger = make_portfolio(make_user("charlie@example.com"))
    give_units(portfolio, apple, "5")
    publish_quote(apple)
    limit = str(int(cash_of(portfolio).available) // 10)
    placings = send(
        portfolio,
        wish(portfolio, apple, quantity="6", limit=limit, client_order_id="first"),
        wish(portfolio, apple, quantity="5", limit=limit),
        wish(portfolio, apple, quantity="4", limit=limit),
        wish(portfolio, apple, quantity="1", limit=limit),
        wish(portfolio, apple, side="sell", quantity="5", limit="150"),
        wish(portfolio, apple, side="sell", quantity="1", limit="150"),
        wish(portfolio, apple, quantity="1", limit="0.001"),
        Wish(stranger.id, make_ticket(apple), PortfolioUnknown(stranger.id)),
        wish(portfolio, apple, quantity="6", limit=limit, client_order_id="first"),
        wish(portfolio, apple, quantity="7", limit=limit, client_order_id="first"),
    )
    assert words_of(placings) == [
        "placed",
        "insufficient_buying_power",
        "placed",
        "insufficient_buying_power",
        "placed",
        "insufficient_units",
        "off_tick",
        "portfolio_not_found",
        "repeated",
        "duplicate_client_order_id",
    ]
    assert Order.objects.count() == 3
    assert facts(cash_of(portfolio).available, units_of(portfolio, apple).available) == (0, 0)


@pytest.mark.django_db
def test_the_same_batch_again_changes_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    wishes = [wish(portfolio, apple, client_order_id=f"n{number}") for number in range(4)]
    first, again = send(portfolio, *wishes), send(portfolio, *wishes)
    assert words_of(again) == ["repeated"] * 4
    assert [one.order for one in again] == [one.order for one in first]
    assert facts(Order.objects.count(), cash_of(portfolio).held) == (4, 4 * 1050)


@pytest.mark.django_db
def test_any_number_takes_the_same_few_statements() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    counts = []
    for number in (1, 40):
        with CaptureQueriesContext(connection) as caught:
            send(portfolio, *(wish(portfolio, apple, quantity="1") for _ in range(number)))
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 14


@pytest.mark.django_db
def test_as_many_as_allowed_and_not_one_more() -> None:
    portfolio, apple = make_portfolio(cash="1000000"), make_instrument()
    publish_quote(apple)
    allowed = settings.LIMITS.orders_per_batch
    wishes = [wish(portfolio, apple, quantity="1", limit="50") for _ in range(allowed + 1)]
    with pytest.raises(BatchTooLarge):
        send(portfolio, *wishes)
    assert words_of(send(portfolio, *wishes[:allowed])) == ["placed"] * allowed
    leading_matcher().work()
    assert set(Order.objects.values_list("status", flat=True)) == {"new"}


@pytest.mark.django_db
def test_the_last_places_of_a_tier_are_left_to_single_orders() -> None:
    portfolio = make_portfolio(make_user(tier="standard"))
    apple = make_instrument()
    publish_quote(apple)
    room = allowance_of("standard").open_orders - NEARLY_ALL
    wishes = [wish(portfolio, apple, quantity="1", limit="1") for _ in range(room + 1)]
    assert words_of(send(portfolio, *wishes)) == ["placed"] * room + ["allowance_exceeded"]
    place(portfolio, apple, quantity="1", limit="1")


@pytest.mark.django_db
def test_what_its_owner_has_working_elsewhere_counts_for_each_portfolio_of_a_batch() -> None:
    owner, other = make_user(tier="standard"), make_user("other@example.com", tier="standard")
    first, second, foreign = make_portfolio(owner), make_portfolio(owner), make_portfolio(other)
    apple, pear = make_instrument(), make_instrument("PEAR")
    publish_quote(apple)
    publish_quote(pear)
    room = allowance_of("standard").open_orders - NEARLY_ALL
    full = [wish(first, apple, quantity="1", limit="1") for _ in range(room)]
    assert words_of(send(first, *full)) == ["placed"] * room
    asked = [(foreign, pear), (second, pear), (first, apple), (second, apple)]
    wishes = [wish(portfolio, one, quantity="1", limit="1") for portfolio, one in asked]
    assert words_of(send(first, *wishes)) == ["placed", *["allowance_exceeded"] * 3]


def at_once(*works: Callable[[], object]) -> None:
    def run(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_batches_and_single_orders_race_for_the_same_names_and_cash() -> None:
    portfolio, apple = make_portfolio(cash="2000"), make_instrument()
    publish_quote(apple)
    names = [f"n{number}" for number in range(30)]
    found: list[list[str]] = []
    refused: list[Exception] = []

    def batch() -> None:
        wishes = [
            wish(portfolio, apple, quantity="1", limit="100", client_order_id=name)
            for name in names
        ]
        found.append(words_of(send(portfolio, *wishes)))

    def singles() -> None:
        for name in reversed(names):
            try:
                place(portfolio, apple, quantity="1", limit="100", client_order_id=name)
            except OrderDenied as error:
                refused.append(error)

    at_once(batch, singles, batch)
    assert len(found) == 2
    assert Order.objects.count() == 20
    assert facts(cash_of(portfolio).available, cash_of(portfolio).held) == (0, 2000)
    assert set(found[0]) | set(found[1]) <= {"placed", "repeated", "insufficient_buying_power"}
    leading_matcher().work()
    assert facts(cash_of(portfolio).held) == (Decimal(0),)
