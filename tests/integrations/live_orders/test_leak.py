"""From the sandbox to the world: whatever is ordered on paper, no broker hears a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.api_keys import issue_key
from accounts.errors import HoldfastError
from config.api import api
from integrations import http, tasks
from integrations.brokers.adapters import catalogue
from integrations.connections.own_connections import NewConnection, add_connection
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Connection, Credential, LiveOrder
from market.models import Instrument
from portfolio.models import Portfolio
from tests.accounts.signing_in import signed_in_client
from tests.factories import make_portfolio, make_quote
from tests.integrations.live_orders.desk import LiveOrderDesk
from tests.trading.factories import give_units
from trading.matcher import Matcher
from trading.models import Fill, Order
from trading.orders import OrderTicket

API: Final = "/api/v1"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever would have left the desk; there is one way out, and nobody gets through it here."""
    found: list[str] = []

    def refuse(method: str, url: str, **_: Any) -> http.Answer:
        found.append(f"{method} {url}")
        raise http.RequestFailed("Nobody is to be asked.")

    monkeypatch.setattr(http, "send", refuse)
    return found


@pytest.fixture
def paper(desk: LiveOrderDesk, settings: Settings) -> Portfolio:
    """A paper portfolio of somebody who has an armed connection, too, at every broker's address."""
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    settings.BROKER_URLS = dict.fromkeys(
        [one for name in catalogue() for one in (name, f"{name}-sandbox")], desk.vendor.url
    )
    made = make_portfolio(desk.owner, name="Pretend")
    give_units(made, Instrument.objects.get(symbol="AAPL"), "20")
    return made


@pytest.fixture
def match() -> Callable[[], object]:
    matcher = Matcher(shard=0, shards=1, clock=timezone.now)
    assert matcher.lead()

    return matcher.work


def key_of(desk: LiveOrderDesk, portfolio: Portfolio) -> str:
    _, text = issue_key(
        owner=desk.owner,
        name="bot",
        scopes=["read", "trade"],
        portfolio_ids=[portfolio.id],
        created_at=timezone.now(),
    )
    return text


def order(portfolio: Portfolio, **changes: Any) -> dict[str, Any]:
    facts = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "1"}
    return {"portfolio_id": str(portfolio.id), **facts, **changes}


def drive_api(portfolio: Portfolio, key: str) -> set[int]:
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def post(path: str, body: object = None) -> Any:
        headers = {"Idempotency-Key": str(uuid4())}
        return client.post(f"{API}{path}", body, "application/json", headers=headers)

    limit = {"type": "limit", "limit_price": "90", "time_in_force": "gtc"}
    exits = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "80"}}
    resting = post("/orders", order(portfolio, **limit)).json()["id"]
    bodies = [
        order(portfolio),
        order(portfolio, side="sell"),
        order(portfolio, type="stop", stop_price="110"),
        order(portfolio, **limit, order_class="bracket", **exits),
    ]
    answers = [post("/orders", body) for body in bodies]
    answers.append(post("/orders/batch", {"orders": bodies}))
    answers.append(
        client.patch(
            f"{API}/orders/{resting}",
            {"limit_price": "91"},
            "application/json",
            headers={"Idempotency-Key": str(uuid4())},
        )
    )
    answers.append(post(f"/portfolios/{portfolio.id}/orders/cancellation"))
    answers.append(post(f"/portfolios/{portfolio.id}/positions/AAPL/closure"))
    return {answer.status_code for answer in answers}


def drive_alpaca(key: str) -> set[int]:
    client = Client(headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": key})
    body = {"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"}
    answers = [
        client.post("/alpaca/v2/orders", body, "application/json"),
        client.delete("/alpaca/v2/orders"),
        client.delete("/alpaca/v2/positions"),
    ]
    return {answer.status_code for answer in answers}


def drive_pages(desk: LiveOrderDesk, portfolio: Portfolio) -> set[int]:
    page = signed_in_client(desk.owner)
    ticket = {
        "instrument": "XNAS:AAPL",
        "side": "buy",
        "type": "market",
        "sizing": "quantity",
        "size": "1",
        "time_in_force": "day",
        "client_order_id": "from-page",
    }
    answers = [
        page.post(f"/portfolios/{portfolio.id}/ticket", ticket),
        page.get(f"/portfolios/{portfolio.id}/ticket/estimate", ticket),
    ]
    working = Order.objects.working()[:3]
    answers += [page.post(f"/orders/{made.id}/cancellation") for made in working]
    return {answer.status_code for answer in answers}


def run_scheduled_work() -> None:
    """What the clock would have done for the whole desk meanwhile."""
    tasks.request_due_syncs()
    tasks.follow_live_orders()


@pytest.mark.django_db(transaction=True)
def test_no_order_path_of_a_paper_portfolio_reaches_a_broker(
    desk: LiveOrderDesk, paper: Portfolio, sent: list[str], match: Callable[[], object]
) -> None:
    key = key_of(desk, paper)
    statuses = drive_api(paper, key) | drive_alpaca(key)
    match()
    make_quote(Instrument.objects.get(symbol="AAPL"))
    statuses |= drive_pages(desk, paper)
    match()
    run_scheduled_work()
    assert max(statuses) < 400, statuses
    assert Order.objects.filter(portfolio=paper).count() > 10
    assert Fill.objects.filter(portfolio=paper).exists()
    assert sent == []
    assert desk.vendor.asked == []
    assert not LiveOrder.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_paper_orders_are_not_placed_in_a_connected_portfolio_either(
    desk: LiveOrderDesk, paper: Portfolio, sent: list[str]
) -> None:
    _, key = issue_key(
        owner=desk.owner, name="all", scopes=["read", "trade"], created_at=timezone.now()
    )
    answer = Client(headers={"Authorization": f"Bearer {key}"}).post(
        f"{API}/orders",
        order(desk.desk.portfolio),
        "application/json",
        headers={"Idempotency-Key": "one"},
    )
    assert answer.status_code == 422
    assert "not_tradable" in {one["code"] for one in answer.json()["errors"]}
    run_scheduled_work()
    assert sent == []
    assert not LiveOrder.objects.exists()


def test_no_credentials_are_kept_for_paper(desk: LiveOrderDesk, paper: Portfolio) -> None:
    terms = NewConnection(
        broker="alpaca", portfolio_id=paper.id, credentials=dict(desk.vendor.credentials)
    )
    with pytest.raises(HoldfastError):
        add_connection(owner=desk.owner, terms=terms, added_at=timezone.now())
    connections = Connection.objects.filter(
        id__in=Credential.objects.values_list("connection_id", flat=True)
    )
    assert {one.portfolio.kind for one in connections} == {"tracked"}


def test_a_live_ticket_and_a_paper_ticket_are_no_kin() -> None:
    assert LiveTicket.__mro__[1:] == OrderTicket.__mro__[1:] == (object,)
    assert LiveOrder.__bases__ == Order.__bases__
    assert LiveOrder._meta.db_table != Order._meta.db_table


def test_a_live_order_names_no_portfolio_of_the_callers_choice() -> None:
    paths = api.get_openapi_schema()["paths"]
    body = paths[f"{API}/connections/{{connection_id}}/live-orders"]["post"]["requestBody"]
    name = re.findall(r"\w+$", body["content"]["application/json"]["schema"]["$ref"])[0]
    fields = api.get_openapi_schema()["components"]["schemas"][name]["properties"]
    assert "portfolio_id" not in fields
