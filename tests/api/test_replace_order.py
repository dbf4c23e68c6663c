"""Replacing an order through the API."""

from market.models import Instrument
from portfolio.models import LedgerBalance, Portfolio
from tests.api.clients import ApiClient, fields_in
from tests.api.orders import match, place

RESTING = {"type": "limit", "limit_price": "90.00", "time_in_force": "gtc"}


def test_a_changed_order_takes_over(api: ApiClient, paper: Portfolio, apple: Instrument) -> None:
    old = place(api, paper, **RESTING).json()
    match()

    answer = api.patch(f"/orders/{old['id']}", {"limit_price": 80, "quantity": "5"}, key="once")

    assert answer.status_code == 200, answer.content
    new = answer.json()
    assert (new["replaces"], new["status"], new["client_order_id"]) == (
        old["id"],
        "pending_new",
        "once",
    )
    assert (new["limit_price"], new["quantity"], new["time_in_force"]) == ("80", "5", "gtc")
    assert api.get(f"/orders/{old['id']}").json()["status"] == "pending_replace"
    again = api.patch(f"/orders/{old['id']}", {"limit_price": 80, "quantity": "5"}, key="once")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (new, "true")
    match()
    old = api.get(f"/orders/{old['id']}").json()
    assert (old["status"], old["replaced_by"]) == ("replaced", new["id"])
    assert api.get(f"/orders/{new['id']}").json()["status"] == "new"
    assert LedgerBalance.objects.get(portfolio=paper).held == 400


def test_what_cannot_be_is_refused_with_its_reason(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper, **RESTING).json()
    match()
    path = f"/orders/{order['id']}"
    refused = api.patch(path, {"quantity": "0", "limit_price": "0.001"})
    assert (refused.status_code, set(fields_in(refused))) == (422, {"quantity", "limit_price"})
    assert api.patch(path, {}, key="empty").json()["errors"][0]["code"] == "unchanged"
    first = api.patch(path, {"limit_price": "80"}).json()
    busy = api.patch(path, {"limit_price": "81"})
    assert (busy.status_code, busy.json()["code"]) == (409, "order_busy")
    match()
    late = api.patch(path, {"limit_price": "81"})
    assert (late.status_code, late.json()["code"]) == (409, "order_finished")
    assert api.get(f"/orders/{first['id']}").json()["status"] == "new"
