"""Live orders on pages and for programs: owner, stranger, signed in afresh, marked as real."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import User
from integrations.live_orders import sending
from integrations.models import Arming, LiveOrder
from tests.accounts.signing_in import PASSWORD, confirm, signed_in_client
from tests.factories import make_user
from tests.integrations.live_orders.desk import LiveOrderDesk, refuse_orders
from trading.states import OrderType

TICKET = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "2"}
ARMING = {"order_value_maximum": "500", "orders_a_day": "3", "is_meant": "on"}

pytestmark = pytest.mark.usefixtures("embedded_desk")


@pytest.fixture
def page(desk: LiveOrderDesk) -> Client:
    return signed_in_client(desk.owner)


def api(owner: User) -> Client:
    _, text = issue_key(
        owner=owner, name="test", scopes=["read", "trade"], created_at=timezone.now()
    )
    return Client(headers={"Authorization": f"Bearer {text}"})


def form(**changes: str) -> dict[str, str]:
    return TICKET | {"time_in_force": "day", "client_order_id": "from-page"} | changes


def test_arming_asks_who_one_is_and_shows_its_limits(desk: LiveOrderDesk) -> None:
    page = signed_in_client(desk.owner, is_confirmed=False)
    desk.disarm()
    path = f"/connections/{desk.connection.id}"
    assert b"Arm it" in page.get(path).content
    assert b"REAL MONEY" in page.get(f"{path}/arming").content
    asked = page.post(f"{path}/arming", ARMING)
    assert "/accounts/reauthenticate/" in asked.headers["Location"]
    assert not Arming.objects.filter(disarmed_at=None).exists()
    confirm(page)
    assert page.post(f"{path}/arming", ARMING | {"orders_a_day": "0"}).status_code == 422
    assert page.post(f"{path}/arming", ARMING | {"is_meant": ""}).status_code == 422
    assert page.post(f"{path}/arming", ARMING).headers["Location"] == path
    shown = page.get(path).content.decode()
    assert "REAL MONEY" in shown
    assert "500.00" in shown
    assert page.post(f"{path}/disarming").status_code == 302
    assert b"No order leaves through this connection" in page.get(path).content


def test_without_password_and_second_factor_it_is_said_what_to_set(desk: LiveOrderDesk) -> None:
    page = signed_in_client(desk.owner, is_confirmed=False)
    desk.disarm()
    # As after signing in by somebody else's account; the session that is open stays.
    User.objects.filter(id=desk.owner.id).update(password=make_password(None))
    page.force_login(User.objects.get(id=desk.owner.id))
    path = f"/connections/{desk.connection.id}/arming"
    shown = page.get(path).content.decode()
    assert "Set a password or a second factor first" in shown
    assert "/accounts/2fa/" in shown
    assert "orders_a_day" not in shown
    assert page.post(path, ARMING).status_code == 422
    assert not Arming.objects.filter(disarmed_at=None).exists()


def test_a_stranger_is_not_asked_to_sign_in_for_what_is_not_his(desk: LiveOrderDesk) -> None:
    order = desk.place()
    stranger = signed_in_client(make_user("charlie@example.com"))
    connection = f"/connections/{desk.connection.id}"
    for path in (f"{connection}/arming", f"{connection}/live-orders/new"):
        assert stranger.get(path).status_code == 404
        assert stranger.post(path, ARMING).status_code == 404
    assert stranger.post(f"{connection}/disarming").status_code == 404
    assert stranger.get(f"/live-orders/{order.id}").status_code == 404
    assert stranger.post(f"/live-orders/{order.id}/cancellation").status_code == 404
    assert stranger.get(f"/live-orders/{order.id}/replacement").status_code == 404
    assert stranger.post(f"/live-orders/{order.id}/replacement").status_code == 404
    assert b"AAPL" not in stranger.get("/live-orders").content


def test_an_order_is_placed_followed_and_cancelled_on_pages(
    page: Client, desk: LiveOrderDesk
) -> None:
    path = f"/connections/{desk.connection.id}/live-orders/new"
    shown = page.get(path).content.decode()
    assert "REAL MONEY" in shown
    assert "IOC" in shown
    answer = page.post(path, form())
    order = LiveOrder.objects.get()
    assert answer.headers["Location"] == f"/live-orders/{order.id}"
    assert page.post(path, form()).headers["Location"] == answer.headers["Location"]
    assert b"about to be sent" in page.get(f"/live-orders/{order.id}").content
    sending.send_live_order(order.id, clock=timezone.now)
    listed = page.get("/live-orders").content
    assert b"accepted" in listed
    assert f'data-portfolio="{order.portfolio_id}"'.encode() in listed
    page.post(f"/live-orders/{order.id}/cancellation")
    assert b"is asked to cancel it" in page.get(f"/live-orders/{order.id}").content
    desk.look(order)
    shown = page.get(f"/live-orders/{order.id}").content.decode()
    assert "cancelled" in shown
    # Nothing more is asked for: the stream would say so.
    head = shown.split('id="live-order"')[1].split(">")[0]
    assert f'data-portfolio="{order.portfolio_id}"' in head
    assert 'hx-trigger="live-orders-changed from:body"' in head


def test_an_order_is_changed_on_pages(page: Client, desk: LiveOrderDesk) -> None:
    order = desk.sent(type=OrderType.LIMIT, limit_price=Decimal(100))
    path = f"/live-orders/{order.id}/replacement"
    assert path in page.get(f"/live-orders/{order.id}").content.decode()
    shown = page.get(path).content.decode()
    assert "REAL MONEY" in shown
    assert "trail_amount" not in shown
    change = {"quantity": "2", "limit_price": "100", "time_in_force": "day"}
    change["client_order_id"] = "changed"
    assert b"Say what is to change" in page.post(path, change).content
    assert page.post(path, change | {"limit_price": "900"}).status_code == 422
    answer = page.post(path, change | {"limit_price": "99"})
    new = LiveOrder.objects.get(client_order_id="changed")
    assert answer.headers["Location"] == f"/live-orders/{new.id}"
    assert path not in page.get(f"/live-orders/{order.id}").content.decode()
    desk.send(new)
    desk.look(order)
    shown = page.get(f"/live-orders/{order.id}").content.decode()
    assert "Replaced by another order" in shown
    assert "<dt>Replaced by</dt>" in shown
    assert f"/live-orders/{new.id}" in shown
    assert "by a later order" in page.get("/live-orders").content.decode()
    assert f"/live-orders/{order.id}" in page.get(f"/live-orders/{new.id}").content.decode()
    late = change | {"quantity": "1", "client_order_id": "late"}
    assert b"there is nothing to change" in page.post(path, late).content


def test_a_distance_is_changed_as_finely_as_it_was_asked_for(
    page: Client, desk: LiveOrderDesk
) -> None:
    order = desk.sent(type=OrderType.TRAILING_STOP, trail_pct=Decimal("1.23456789"))
    change = {"quantity": "1", "trail_pct": "1.23456789", "time_in_force": "day"}
    path = f"/live-orders/{order.id}/replacement"
    assert page.post(path, change | {"client_order_id": "changed"}).status_code == 302
    assert LiveOrder.objects.get(client_order_id="changed").trail_pct == order.trail_pct


def test_what_is_wrong_with_a_ticket_is_shown(page: Client, desk: LiveOrderDesk) -> None:
    path = f"/connections/{desk.connection.id}/live-orders/new"
    answer = page.post(path, form(quantity="100"))
    assert answer.status_code == 422
    assert b"is armed for 1000.00 USD an order" in answer.content
    desk.disarm()
    assert page.post(path, form()).status_code == 422
    assert b"is not armed" in page.get(path).content
    assert desk.vendor.asked == []


def test_an_unknown_outcome_is_shown_above_all(page: Client, desk: LiveOrderDesk) -> None:
    desk.vendor.faults.append(refuse_orders(503))
    order = desk.sent()
    for path in ("/live-orders", f"/live-orders/{order.id}"):
        assert b"do not place" in page.get(path).content
    fragment = page.get(
        "/live-orders", headers={"HX-Request": "true", "HX-Target": "live-orders"}
    ).content
    assert b"Outcome unknown" in fragment
    assert b"<html" not in fragment


def test_programs_arm_with_a_password_place_follow_and_cancel(desk: LiveOrderDesk) -> None:
    desk.disarm()
    client = api(desk.owner)
    arming = f"/api/v1/connections/{desk.connection.id}/arming"
    assert client.get(arming).status_code == 404
    terms: dict[str, Any] = {"order_value_maximum": "1000", "orders_a_day": 5}
    wrong = client.put(arming, terms | {"password": "x"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_refused")
    orders = f"/api/v1/connections/{desk.connection.id}/live-orders"
    assert placed(client, orders).json()["code"] == "connection_not_armed"
    armed = client.put(arming, terms | {"password": PASSWORD}, content_type="application/json")
    assert armed.status_code == 200
    assert client.get(arming).json()["orders_a_day"] == 5
    made = placed(client, orders, key="one")
    assert made.status_code == 201
    assert made.json()["status"] == "recorded"
    assert made.json()["client_order_id"] == "one"
    assert placed(client, orders, key="one").json()["id"] == made.json()["id"]
    refused = placed(client, orders, quantity="50")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "above_arming"
    one = f"/api/v1/live-orders/{made.json()['id']}"
    cancelled = client.post(f"{one}/cancellation")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "canceled")
    assert client.post(f"{one}/cancellation").json()["code"] == "order_finished"
    assert [item["kind"] for item in client.get(f"{one}/events").json()["items"]] == [
        "recorded",
        "canceled",
    ]
    first = client.get(f"{one}/events?limit=1").json()
    rest = client.get(f"{one}/events?limit=1&cursor={first['next_cursor']}").json()
    assert [item["kind"] for item in first["items"] + rest["items"]] == ["recorded", "canceled"]
    assert rest["next_cursor"] is None
    listed = client.get(f"/api/v1/live-orders?connection_id={desk.connection.id}&status=canceled")
    assert [item["id"] for item in listed.json()["items"]] == [made.json()["id"]]
    assert client.delete(arming).status_code == 204
    assert client.get(arming).status_code == 404


def test_programs_change_an_order(desk: LiveOrderDesk) -> None:
    client = api(desk.owner)
    order = desk.sent(type=OrderType.LIMIT, limit_price=Decimal(100))

    def change(key: str, live_order_id: object = order.id, **changes: str) -> Any:
        path = f"/api/v1/live-orders/{live_order_id}/replacement"
        headers = {"Idempotency-Key": key}
        return client.post(path, changes, content_type="application/json", headers=headers)

    assert change("none").json()["errors"][0]["code"] == "unchanged"
    made = change("dearer", limit_price="101")
    assert made.status_code == 201
    assert made.json()["replaces_id"] == str(order.id)
    assert (made.json()["limit_price"], made.json()["client_order_id"]) == ("101", "dearer")
    assert change("dearer", limit_price="101").json() == made.json()
    busy = change("again", limit_price="102")
    assert (busy.status_code, busy.json()["code"]) == (409, "order_busy")
    one = f"/api/v1/live-orders/{order.id}"
    assert client.get(one).json()["replaced_by_id"] is None
    desk.send(LiveOrder.objects.get(id=made.json()["id"]))
    desk.look(order)
    assert client.get(one).json()["replaced_by_id"] == made.json()["id"]
    listed = client.get("/api/v1/live-orders").json()["items"]
    assert [(item["replaces_id"], item["replaced_by_id"]) for item in listed] == [
        (str(order.id), None),
        (None, made.json()["id"]),
    ]
    assert change("who", uuid4(), limit_price="1").status_code == 404
    charlie = api(make_user("charlie@example.com"))
    path = f"/api/v1/live-orders/{order.id}/replacement"
    headers = {"Idempotency-Key": "x"}
    assert (
        charlie.post(path, {}, content_type="application/json", headers=headers).status_code == 404
    )


def placed(client: Client, path: str, *, key: str = "", **changes: str) -> Any:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return client.post(path, TICKET | changes, content_type="application/json", headers=headers)
