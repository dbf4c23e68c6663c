"""Who is let in, and in which words the others are refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from portfolio.models import Portfolio
from tests.api.clients import Answer, key_for
from tests.factories import make_instrument, make_quote
from tests.trading.factories import make_portfolio, make_user, place

ACCOUNT = "/alpaca/v2/account"


def get(headers: dict[str, str], path: str = ACCOUNT) -> Answer:
    return Client(raise_request_exception=False).get(path, headers=headers)


def alpaca(key_id: str, secret: str) -> dict[str, str]:
    return {"APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret}


def assert_refused(answer: Answer, status: int, code: int) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert body["message"]
    assert answer["Content-Type"] == "application/json"
    return body


def test_a_key_opens_in_each_way(key: str) -> None:
    basic = base64.b64encode(f"{key}:{key}".encode()).decode()
    for headers in (
        alpaca(key, key),
        alpaca(key.split("_")[2], key),
        {"Authorization": f"Basic {basic}"},
        {"Authorization": f"Bearer {key}"},
    ):
        assert get(headers).status_code == 200


def test_what_it_does_not_know_of_an_address_it_leaves_out(key: str) -> None:
    assert get(alpaca(key, key), f"{ACCOUNT}?nothing=1").status_code == 200


def test_whoever_has_no_key_is_told_so(client: Client, anna: User, key: str) -> None:
    client.force_login(anna)
    assert_refused(client.get(ACCOUNT), 401, 40110000)
    for headers in (
        alpaca(key, "hf_live_x_y_z"),
        alpaca("another", key),
        {"Authorization": "Basic !!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
    ):
        assert_refused(get(headers), 401, 40110000)


def test_a_key_is_bound_to_one_account(anna: User, account: Portfolio) -> None:
    other = make_portfolio(anna, name="Other")
    for bound in ([], [account.id, other.id]):
        key = key_for(anna, portfolio_ids=bound)
        assert_refused(get(alpaca(key, key)), 403, 40310000)


def test_a_key_that_only_reads_places_nothing(anna: User, account: Portfolio) -> None:
    key = key_for(anna, scopes=["read"], portfolio_ids=[account.id])
    assert get(alpaca(key, key)).status_code == 200
    answer = Client().post(
        "/alpaca/v2/orders", {}, content_type="application/json", headers=alpaca(key, key)
    )
    assert_refused(answer, 403, 40310000)


def test_nothing_of_strangers_is_found(key: str) -> None:
    stranger = make_portfolio(make_user("ben@example.com"))
    apple = make_instrument("AAPL")
    make_quote(apple)
    order = place(stranger, apple, limit="90", tif="gtc", client_order_id="ben's")
    headers = alpaca(key, key)
    for path in (
        f"/alpaca/v2/orders/{order.id}",
        "/alpaca/v2/orders:by_client_order_id?client_order_id=ben's",
    ):
        assert_refused(get(headers, path), 404, 40410000)
    sent = Client(raise_request_exception=False)
    for method, path in (("DELETE", f"orders/{order.id}"), ("PATCH", f"orders/{order.id}")):
        answer = sent.generic(
            method,
            f"/alpaca/v2/{path}",
            "{}",
            content_type="application/json",
            headers=headers,
        )
        assert_refused(answer, 404, 40410000)


REFUSED = (
    ("GET /alpaca/v2/nothing", "", 404, 40410000),
    ("POST /alpaca/v2/account", "{}", 405, 40510000),
    ("POST /alpaca/v2/orders", "{", 400, 40010000),
    ("POST /alpaca/v2/orders", "{}", 422, 40010001),
    ("POST /alpaca/v2/orders", '{"symbol":"AAPL","qty":"many"}', 422, 40010001),
    ("GET /alpaca/v2/orders?limit=0", "", 422, 40010001),
    ("GET /alpaca/v2/orders/not-an-id", "", 404, 40410000),
    ("GET /alpaca/v2/positions/NONE", "", 404, 40410000),
    ("GET /alpaca/v2/account/portfolio/history?period=x", "", 422, 40010001),
    ("GET /alpaca/v2/account/activities?page_token=x", "", 400, 40010000),
    ("GET /alpaca/v2/stocks/bars?symbols=AAPL&timeframe=7Min", "", 422, 40010001),
    ("GET /alpaca/v2/options/contracts", "", 404, 40410000),
)


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_bad_input_is_refused_in_alpacas_words(
    key: str, refused: tuple[str, str, int, int]
) -> None:
    asked, body, status, code = refused
    method, path = asked.split(" ")
    answer = Client(raise_request_exception=False).generic(
        method, path, body, content_type="application/json", headers=alpaca(key, key)
    )
    assert_refused(answer, status, code)
