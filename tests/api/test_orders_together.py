"""Orders that several threads place at the same time share their statements and their commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from portfolio.models import LedgerBalance, Portfolio
from tests.api.clients import Answer, ApiClient, fields_in, key_for
from tests.api.orders import order_of
from tests.factories import make_instrument, make_portfolio, make_quote
from trading.models import Order, OrderEntryStop
from trading.placing import orders_at_once
from trading.placing.orders_at_once import Record

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 20.0


class Company:
    """The first order's statement waits until all others have come, so they share theirs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self._expected = 0
        self._begun = threading.Event()
        self._record = orders_at_once.recording._ask
        monkeypatch.setattr(orders_at_once.recording, "_ask", self.record)

    def record(self, orders: Sequence[Record]) -> Sequence[str]:
        self.sizes.append(len(orders))
        if len(self.sizes) == 1:
            self._begun.set()
            deadline = time.monotonic() + SECONDS
            while len(orders_at_once.recording._waiting) < self._expected:
                assert time.monotonic() < deadline
                time.sleep(0.001)
        return self._record(orders)

    def send(self, first: Callable[[], Answer], *others: Callable[[], Answer]) -> list[Answer]:
        self._expected = len(others)

        def run(ask: Callable[[], Answer]) -> Answer:
            try:
                return ask()
            finally:
                connection.close()

        with ThreadPoolExecutor(1 + len(others)) as pool:
            futures = [pool.submit(run, first)]
            assert self._begun.wait(SECONDS)
            futures += [pool.submit(run, other) for other in others]
            return [future.result(SECONDS) for future in futures]


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    make_quote(make_instrument("AAPL"))
    return Company(monkeypatch)


def make_trader(name: str) -> tuple[ApiClient, Portfolio]:
    owner = User.objects.create_user(f"{name}@example.com", tier="premium")
    return ApiClient(key_for(owner)), make_portfolio(owner)


def order(
    api: ApiClient, portfolio: Portfolio, *, key: str, **changes: Any
) -> Callable[[], Answer]:
    return lambda: api.post("/orders", order_of(portfolio, **changes), key=key)


def test_those_that_come_at_the_same_time_are_recorded_together(company: Company) -> None:
    traders = [make_trader(f"trader{number}") for number in range(4)]
    answers = company.send(
        *(order(api, portfolio, key=f"key-{portfolio.id}") for api, portfolio in traders)
    )
    assert [answer.status_code for answer in answers] == [201] * 4
    assert company.sizes == [1, 3]
    for answer, (api, portfolio) in zip(answers, traders, strict=True):
        placed = Order.objects.get(portfolio=portfolio)
        assert answer.json()["id"] == str(placed.id)
        assert LedgerBalance.objects.get(portfolio=portfolio).held > 0
        again = order(api, portfolio, key=f"key-{portfolio.id}")()
        assert again.content == answer.content
        assert again["Idempotent-Replayed"] == "true"


def test_the_last_money_is_given_to_one_of_them(company: Company) -> None:
    api, portfolio = make_trader("alice")
    other, others = make_trader("bob")
    answers = company.send(
        order(other, others, key="first"),
        order(api, portfolio, key="one", quantity="900"),
        order(api, portfolio, key="two", quantity="900"),
    )
    assert company.sizes == [1, 2]
    assert sorted(answer.status_code for answer in answers) == [201, 201, 422]
    (refused,) = (answer for answer in answers if answer.status_code == 422)
    assert fields_in(refused) == {"quantity": "insufficient_buying_power"}
    assert Order.objects.filter(portfolio=portfolio).count() == 1


def test_one_request_twice_among_them_places_one_order(company: Company) -> None:
    api, portfolio = make_trader("alice")
    other, others = make_trader("bob")
    twice = order(api, portfolio, key="once", client_order_id="mine")
    _, one, two = company.send(order(other, others, key="first"), twice, twice)
    assert one.status_code == two.status_code == 201
    assert one.content == two.content
    assert ("Idempotent-Replayed" in one) != ("Idempotent-Replayed" in two)
    assert Order.objects.filter(portfolio=portfolio).count() == 1


def test_nobody_waits_long_for_what_holds_up_another(company: Company) -> None:
    api, portfolio = make_trader("alice")
    other, others = make_trader("bob")
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                LedgerBalance.objects.select_for_update().get(portfolio=portfolio)
                is_held.set()
                assert may_end.wait(SECONDS)
        finally:
            connection.close()

    def placed_meanwhile() -> Answer:
        answer = order(other, others, key="second")()
        may_end.set()
        return answer

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert is_held.wait(SECONDS)
        answers = company.send(
            order(other, others, key="first"), order(api, portfolio, key="held"), placed_meanwhile
        )
        holding.result(SECONDS)
    assert [answer.status_code for answer in answers] == [201] * 3
    assert Order.objects.count() == 3


def test_while_order_entry_is_stopped_each_hears_so(company: Company) -> None:
    OrderEntryStop.objects.create(reason="The books are wrong", stopped_at=timezone.now())
    traders = [make_trader(f"trader{number}") for number in range(3)]
    answers = company.send(
        *(order(api, portfolio, key=f"key-{portfolio.id}") for api, portfolio in traders)
    )
    assert [answer.json()["code"] for answer in answers] == ["order_entry_stopped"] * 3
    assert not Order.objects.exists()
