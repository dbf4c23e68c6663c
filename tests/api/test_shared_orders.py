"""Orders in a portfolio that somebody shares: an editor trades, a viewer looks."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from market.models import Instrument
from portfolio.models import Portfolio, PortfolioMember
from portfolio.sharing.members import add_member
from tests.api.clients import ApiClient, key_for
from tests.api.orders import order_of, place
from tests.factories import make_user
from trading.models import Order


@pytest.fixture
def guest(paper: Portfolio) -> ApiClient:
    user = make_user("guest@example.com")
    add_member(
        portfolio_id=paper.id,
        owner=paper.owner,
        email=user.email,
        role="viewer",
        added_at=timezone.now(),
    )
    return ApiClient(key_for(user))


def test_a_viewer_reads_orders_and_places_none(
    api: ApiClient, guest: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper, type="limit", limit_price="90", time_in_force="gtc").json()
    assert guest.get(f"/orders/{order['id']}").json()["id"] == order["id"]
    assert len(guest.get("/orders").json()["items"]) == 1
    for refused in (
        place(guest, paper),
        guest.post("/orders/estimate", order_of(paper)),
        guest.post("/orders/batch", {"orders": [order_of(paper)]}, key=uuid4().hex),
        guest.post(f"/orders/{order['id']}/cancellation"),
        guest.patch(f"/orders/{order['id']}", {"limit_price": "91"}),
        guest.post(f"/portfolios/{paper.id}/orders/cancellation"),
        guest.post(f"/portfolios/{paper.id}/positions/AAPL/closure", key=uuid4().hex),
    ):
        assert refused.status_code == 403, refused.content
        assert refused.json()["code"] == "role_missing"
    assert Order.objects.count() == 1


def test_an_editor_trades_under_the_owners_allowance(
    guest: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    PortfolioMember.objects.update(role="editor")
    placed = place(guest, paper, type="limit", limit_price="90", time_in_force="gtc")
    assert placed.status_code == 201, placed.content
    assert guest.post("/orders/estimate", order_of(paper)).status_code == 200
    batch = guest.post("/orders/batch", {"orders": [order_of(paper)]}, key=uuid4().hex)
    assert batch.status_code == 200, batch.content
    assert guest.post(f"/orders/{placed.json()['id']}/cancellation").status_code == 202
    assert Order.objects.count() == 2


def test_with_the_share_ends_the_trading(
    guest: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    PortfolioMember.objects.update(role="editor")
    order = place(guest, paper, type="limit", limit_price="90", time_in_force="gtc").json()
    PortfolioMember.objects.all().delete()
    assert place(guest, paper).status_code == 404
    assert guest.get(f"/orders/{order['id']}").status_code == 404
    assert guest.post(f"/orders/{order['id']}/cancellation").status_code == 404
    assert guest.get("/orders").json()["items"] == []
