"""Brackets, OTO and OCO in a batch: each with all its exits or not at all, in few statements."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
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
    publish_quote,
    status_of,
    units_of,
)
from tests.trading.test_order_batch import send, words_of
from trading.models import Order, OrderCommand, OrderEvent
from trading.orders import place_order
from trading.placing.order_batch import Wish
from trading.pretrade import NEARLY_ALL
from trading.states import OrderClass

pytestmark = pytest.mark.django_db

BRACKET: dict[str, Any] = {"kind": "bracket", "limit": "99", "profit": "110", "loss": "90"}
OTO: dict[str, Any] = {"kind": "oto", "quantity": "3", "loss": "80", "loss_limit": "79"}
OCO: dict[str, Any] = {"kind": "oco", "side": "sell", "limit": "120", "loss": "85"}


def wish(portfolio: Portfolio, instrument: Instrument, **fields: Any) -> Wish:
    prices = {name: fields.pop(name, None) for name in ("profit", "loss", "loss_limit")}
    exact = {name: Decimal(price) if price else None for name, price in prices.items()}
    kind = OrderClass(fields.pop("kind", "simple"))
    ticket = replace(
        make_ticket(instrument, **({"tif": "gtc"} | fields)),
        order_class=kind,
        take_profit=exact["profit"],
        stop_loss=exact["loss"],
        stop_loss_limit=exact["loss_limit"],
    )
    return Wish(portfolio.id, ticket)


def written_of(portfolio: Portfolio) -> list[Any]:
    """All that placing wrote, without the ids."""
    orders = list(Order.objects.filter(portfolio=portfolio).order_by("commands__id"))
    places = {order.id: place for place, order in enumerate(orders)}
    hidden = {"id", "portfolio_id", "_state", "status", "priority", "client_order_id"}
    named = ("parent_id", "hold_reference")
    events = OrderEvent.objects.filter(order__in=orders).order_by("id")
    holds = Hold.objects.filter(reference__in=places)
    return [
        *(
            {key: value for key, value in vars(order).items() if key not in {*hidden, *named}}
            | {name: places.get(getattr(order, name)) for name in named}
            for order in orders
        ),
        sorted(
            (places[one.reference], one.amount, one.remaining, one.balance.instrument_id)
            for one in holds
        ),
        sorted(
            (places[one.order_id], one.kind, one.status, places.get(follows_of(one)))
            for one in events
        ),
        facts(cash_of(portfolio).held, units_of(portfolio, Instrument.objects.get()).held),
    ]


def follows_of(event: OrderEvent) -> Any:
    orders = Order.objects.filter(id=event.details.get("follows"))
    return orders.values_list("id", flat=True).first()


def test_a_batch_writes_what_single_groups_would() -> None:
    apple = make_instrument()
    publish_quote(apple)
    kinds = [BRACKET, OTO, OCO, {"limit": "95"}]
    written = []
    for name in ("single", "batch"):
        portfolio = make_portfolio(make_user(f"{name}@example.com"))
        give_units(portfolio, apple, "10")
        wishes = [wish(portfolio, apple, **kind) for kind in kinds]
        if name == "single":
            for one in wishes:
                place_order(portfolio_id=portfolio.id, ticket=one.ticket, placed_at=NOON)
        else:
            placings = send(portfolio, *wishes)
            assert words_of(placings) == ["placed"] * 4
            legs = [len(one.order.legs.all()) if one.order else None for one in placings]
            assert legs == [2, 1, 1, 0]
        written.append(written_of(portfolio))
    assert written[0] == written[1]
    leading_matcher().work()
    assert OrderCommand.objects.filter(sequence=None).count() == 0
    assert set(Order.objects.values_list("status", flat=True)) == {"new", "filled", "held"}


def test_groups_of_a_batch_enter_and_take_their_profit() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    (placing,) = send(portfolio, wish(portfolio, apple, kind="bracket", profit="110", loss="90"))
    matcher = leading_matcher()
    matcher.work()
    assert placing.order is not None
    profit, loss = placing.order.legs.order_by("id")
    assert [status_of(one) for one in (placing.order, profit, loss)] == ["filled", "new", "held"]
    assert facts(units_of(portfolio, apple).total, units_of(portfolio, apple).held) == (10, 10)


def test_one_that_is_refused_harms_no_other_and_leaves_no_exit() -> None:
    portfolio, apple = make_portfolio(cash="2000"), make_instrument()
    publish_quote(apple)
    placings = send(
        portfolio,
        wish(portfolio, apple, **BRACKET),
        wish(portfolio, apple, **(BRACKET | {"profit": "98"})),
        wish(portfolio, apple, **(OCO | {"quantity": "1"})),
        wish(portfolio, apple, **(BRACKET | {"loss": None})),
        wish(portfolio, apple, **BRACKET),
        wish(portfolio, apple, **BRACKET),
        wish(portfolio, apple, profit="120"),
    )
    assert words_of(placings) == [
        *("placed", "wrong_side", "insufficient_units", "missing", "placed"),
        *("insufficient_buying_power", "superfluous"),
    ]
    assert Order.objects.count() == 6


def test_repeated_it_returns_what_was_made_and_other_exits_are_another_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    named = wish(portfolio, apple, **BRACKET, client_order_id="mine")
    other = wish(portfolio, apple, **(BRACKET | {"loss": "91"}), client_order_id="mine")
    assert words_of(send(portfolio, named, named, other)) == [
        *("placed", "repeated", "duplicate_client_order_id"),
    ]
    again = send(portfolio, other, named)
    assert words_of(again) == ["duplicate_client_order_id", "repeated"]
    assert again[1].order is not None
    assert len(again[1].order.legs.all()) == 2
    assert Order.objects.count() == 3


def test_exits_count_among_the_orders_of_the_tier() -> None:
    portfolio, apple = make_portfolio(make_user(tier="standard")), make_instrument()
    publish_quote(apple)
    room = allowance_of("standard").open_orders - NEARLY_ALL
    cheap = BRACKET | {"limit": "60", "profit": "70", "loss": "50", "quantity": "1"}
    wishes = [wish(portfolio, apple, **cheap) for _ in range(room // 3 + 1)]
    placings = send(portfolio, *wishes)
    assert words_of(placings) == ["placed"] * (room // 3) + ["allowance_exceeded"]
    assert Order.objects.count() == room // 3 * 3


def test_more_groups_take_no_more_statements() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    counts = []
    for number in (2, 20):
        wishes = [wish(portfolio, apple, **(BRACKET | {"quantity": "1"})) for _ in range(number)]
        with CaptureQueriesContext(connection) as caught:
            assert words_of(send(portfolio, *wishes)) == ["placed"] * number
        counts.append(len(caught))
    assert counts[1] <= counts[0] <= 18
