"""Orders: what becomes of them is known, or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from pytest_django import Settings

from integrations.brokers.rehearsing import Asked, Told
from tests.integrations.brokers.conformance.conftest import Stage
from trading.broker_errors import (
    BrokerBusy,
    BrokerTimedOut,
    DefiniteBrokerError,
    FundsMissing,
    NotSupported,
    OrderRepeated,
    RequestInvalid,
    SymbolUnknown,
)
from trading.brokers import (
    Accepted,
    BrokerOrder,
    BrokerOrderChange,
    BrokerOrderRequest,
    Reading,
    Rejected,
    Unknown,
)

Answer = Callable[[Asked], Told]


def order(**changes: object) -> BrokerOrderRequest:
    facts = {
        "client_order_id": "mine-1",
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "time_in_force": "day",
        "quantity": Decimal(2),
    }
    return BrokerOrderRequest(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def trader(stage: Stage) -> Stage:
    if not stage.adapter.capabilities.trades:
        pytest.skip("claims no orders; see the test that it then takes none")
    return stage


def test_who_claims_no_orders_takes_none_and_asks_nobody(stage: Stage) -> None:
    if stage.adapter.capabilities.trades:
        pytest.skip("claims orders")
    session = stage.session()
    for call in (
        lambda: session.submit(order()),
        lambda: session.replace("1", BrokerOrderChange(client_order_id="mine-2")),
        lambda: session.cancel("1"),
        lambda: session.find_order("mine-1"),
    ):
        with pytest.raises(NotSupported):
            call()
    assert stage.vendor.asked == []
    assert Reading.ORDERS not in stage.adapter.capabilities.reads


def test_an_order_is_accepted_and_found(trader: Stage) -> None:
    session = trader.session()
    result = session.submit(order())
    assert isinstance(result, Accepted)
    assert (result.order.client_order_id, result.order.status) == ("mine-1", "working")
    assert session.find_order("mine-1") == result.order
    assert session.find_order("another") is None
    assert [one.id for page in session.orders(since=None) for one in page] == [result.order.id]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"symbol": "NOPE"}, SymbolUnknown),
        ({"quantity": Decimal(0)}, RequestInvalid),
        ({"quantity": Decimal(1000)}, FundsMissing),
    ],
    ids=["symbol", "quantity", "funds"],
)
def test_a_refusal_says_why(
    trader: Stage, changes: dict[str, object], expected: type[DefiniteBrokerError]
) -> None:
    result = trader.session().submit(order(**changes))
    assert isinstance(result, Rejected)
    assert type(result.error) is expected
    assert trader.vendor.placed_orders() == []


def test_the_same_order_twice_is_one(trader: Stage) -> None:
    session = trader.session()
    session.submit(order())
    result = session.submit(order())
    assert isinstance(result, Rejected)
    assert isinstance(result.error, OrderRepeated)
    assert trader.vendor.placed_orders() == ["mine-1"]


def test_a_time_out_after_acceptance_is_unknown_and_found_again(
    trader: Stage, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, broker_answer_seconds=0.3)

    def take_and_hang(asked: Asked, answer: Answer) -> Told | None:
        if asked.method != "POST":
            return None
        answer(asked)
        return Told(is_held=True)

    trader.vendor.faults.append(take_and_hang)
    session = trader.session()
    result = session.submit(order())
    assert isinstance(result, Unknown)
    assert isinstance(result.error, BrokerTimedOut)
    assert trader.vendor.placed_orders() == ["mine-1"]
    found = session.find_order("mine-1")
    assert found is not None
    assert found.status == "working"


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_have_happened_is_unknown_and_asked_once(trader: Stage, status: int) -> None:
    trader.vendor.faults.append(lambda asked, answer: Told(status, b"{}", {"Retry-After": "1"}))
    result = trader.session().submit(order())
    assert isinstance(result, Unknown)
    assert len(trader.vendor.asked) == 1
    assert isinstance(result.error, BrokerBusy) is (status == 429)


def test_an_answer_that_cannot_be_read_is_unknown(trader: Stage) -> None:
    def spoil(asked: Asked, answer: Answer) -> Told | None:
        answer(asked)
        return Told(200, b'{"id": ')

    trader.vendor.faults.append(spoil)
    assert isinstance(trader.session().submit(order()), Unknown)
    assert trader.vendor.placed_orders() == ["mine-1"]


def test_an_order_is_cancelled(trader: Stage) -> None:
    session = trader.session()
    limit = order(type="limit", limit_price=Decimal("99.50"))
    placed = session.submit(limit)
    assert isinstance(placed, Accepted)
    session.cancel(placed.order.id)
    found = [one for page in session.orders(since=None) for one in page]
    assert [one.status for one in found] == ["canceled"]


@pytest.fixture
def replacer(trader: Stage) -> Stage:
    if not trader.adapter.capabilities.replaces_orders:
        pytest.skip("claims to replace no orders; see the test that it then replaces none")
    return trader


def resting(trader: Stage) -> BrokerOrder:
    placed = trader.session().submit(order(type="limit", limit_price=Decimal("99.50")))
    assert isinstance(placed, Accepted)
    return placed.order


def dearer(**changes: object) -> BrokerOrderChange:
    facts = {"client_order_id": "mine-2", "limit_price": Decimal("99.75")}
    return BrokerOrderChange(**{**facts, **changes})  # type: ignore[arg-type]


def test_who_claims_to_replace_no_orders_replaces_none(trader: Stage) -> None:
    if trader.adapter.capabilities.replaces_orders:
        pytest.skip("claims to replace orders")
    placed = resting(trader)
    asked = len(trader.vendor.asked)
    with pytest.raises(NotSupported):
        trader.session().replace(placed.id, dearer())
    assert len(trader.vendor.asked) == asked


def test_another_order_takes_over(replacer: Stage) -> None:
    old = resting(replacer)
    session = replacer.session()
    result = session.replace(old.id, dearer(quantity=Decimal(1)))
    assert isinstance(result, Accepted)
    assert (result.order.client_order_id, result.order.quantity) == ("mine-2", Decimal(1))
    assert session.find_order("mine-2") == result.order
    former = session.find_order("mine-1")
    assert former is not None
    assert (former.id, former.status) == (old.id, "replaced")
    assert isinstance(session.replace(old.id, dearer(client_order_id="mine-3")), Rejected)


def test_a_time_out_after_replacing_is_unknown_and_found_again(
    replacer: Stage, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, broker_answer_seconds=0.3)
    old = resting(replacer)

    def replace_and_hang(asked: Asked, answer: Answer) -> Told | None:
        if asked.method == "GET":
            return None
        answer(asked)
        return Told(is_held=True)

    replacer.vendor.faults.append(replace_and_hang)
    session = replacer.session()
    assert isinstance(session.replace(old.id, dearer()), Unknown)
    found = session.find_order("mine-2")
    assert found is not None
    assert found.status == "working"


def test_cancelling_what_is_not_there_is_refused(trader: Stage) -> None:
    session = trader.session()
    with pytest.raises(DefiniteBrokerError):
        session.cancel("nothing")
