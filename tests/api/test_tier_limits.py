"""Each limit of a tier, at it and one beyond, for programs and on pages; a new tier counts soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts import tiers
from accounts.auth import MEMORY_SECONDS
from accounts.errors import AllowanceExceeded
from accounts.models import User
from accounts.tiers import ALLOWANCES, WORDS, Tier, better_tier
from market.models import Instrument, Watchlist
from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient, key_for
from tests.api.orders import order_of
from tests.factories import make_portfolio, make_user
from tests.support.desk import wait_until
from trading.models import Order

pytestmark = pytest.mark.django_db
TWO = 2


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(ALLOWANCES[Tier.STANDARD], watchlists=TWO, portfolios=TWO, open_orders=TWO)
    monkeypatch.setitem(tiers.ALLOWANCES, Tier.STANDARD, few)


@pytest.fixture
def dora() -> User:
    return make_user("dora@example.com", tier=Tier.STANDARD)


@pytest.fixture
def dora_api(dora: User) -> ApiClient:
    return ApiClient(key_for(dora))


@pytest.fixture
def browser(dora: User, client: Client) -> Client:
    client.force_login(dora)
    return client


def limit_order(portfolio: Portfolio) -> dict[str, Any]:
    return order_of(portfolio, type="limit", limit_price="99", quantity="1", time_in_force="gtc")


def create_watchlist(api: ApiClient, portfolio: Portfolio) -> Answer:
    return api.post("/watchlists", {"name": uuid4().hex})


def open_portfolio(api: ApiClient, portfolio: Portfolio) -> Answer:
    return api.post("/portfolios", {"name": "Next", "kind": "tracked", "currency": "USD"})


def place_order(api: ApiClient, portfolio: Portfolio) -> Answer:
    return api.post("/orders", limit_order(portfolio), key=uuid4().hex)


@pytest.mark.parametrize(
    ("limit", "create", "already"),
    [
        ("watchlists", create_watchlist, 0),
        ("portfolios", open_portfolio, 1),  # the one that orders need
        ("open_orders", place_order, 0),
    ],
)
def test_the_api_goes_to_the_limit_and_refuses_one_beyond(
    dora_api: ApiClient,
    apple: Instrument,
    limit: str,
    create: Callable[[ApiClient, Portfolio], Answer],
    already: int,
) -> None:
    portfolio = make_portfolio(User.objects.get())
    for _ in range(TWO - already):
        assert create(dora_api, portfolio).status_code == 201
    refused = create(dora_api, portfolio)
    body = refused.json()
    assert (refused.status_code, body["code"]) == (403, "allowance_exceeded")
    assert body["allowance"] == {
        "limit": limit,
        "tier": "standard",
        "allowed": TWO,
        "next_tier": "premium",
        "next_allowed": getattr(ALLOWANCES[Tier.PREMIUM], limit),
    }
    assert "The standard tier includes 2" in body["detail"]
    assert "The premium tier includes" in body["detail"]


def test_nothing_better_is_offered_to_who_has_the_best(alice: User) -> None:
    error = AllowanceExceeded(limit="watchlists", tier=Tier.PREMIUM)
    assert (error.next_tier, error.next_allowed) == (None, None)
    assert str(error) == "The premium tier includes 50 watchlists. You have them all."


def refused_on_page(page: Answer) -> None:
    text = page.content.decode()
    assert page.status_code == 422
    assert "The standard tier includes 2" in text
    assert '<a href="/settings/tiers">' in text


def test_the_page_of_watchlists_refuses_beside_its_form(browser: Client, dora: User) -> None:
    for name in ("One", "Two"):
        assert browser.post("/watchlists", {"name": name}).status_code == 302
    refused_on_page(browser.post("/watchlists", {"name": "Three"}))
    assert Watchlist.objects.filter(owner=dora).count() == TWO


def test_the_page_of_portfolios_refuses_beside_its_form(browser: Client, dora: User) -> None:
    form = {"name": "Next", "kind": "tracked", "currency": "USD", "starting_cash": ""}
    for _ in range(TWO):
        assert browser.post("/portfolios", form).status_code == 302
    refused_on_page(browser.post("/portfolios", form))
    assert Portfolio.objects.for_user(dora).count() == TWO


def test_the_ticket_refuses_beside_its_form(browser: Client, dora: User, apple: Instrument) -> None:
    portfolio = make_portfolio(dora)
    form = {
        "instrument": "AAPL",
        "side": "buy",
        "type": "limit",
        "sizing": "quantity",
        "size": "1",
        "limit_price": "99",
        "time_in_force": "gtc",
        "reviewed": "yes",
    }

    def post() -> Answer:
        return browser.post(f"/portfolios/{portfolio.id}/ticket", form | {"draft_id": uuid4().hex})

    for _ in range(TWO):
        assert post().status_code == 302
    page = post()
    refused_on_page(page)
    assert page.content.decode().count("The standard tier includes 2 working orders") == 1
    assert Order.objects.count() == TWO


@pytest.mark.usefixtures("forgotten_in_time")
def test_a_new_tier_counts_within_a_second(dora: User, dora_api: ApiClient) -> None:
    portfolio = make_portfolio(dora)
    policy = dora_api.get("/me").headers["RateLimit-Policy"]
    for _ in range(TWO):
        create_watchlist(dora_api, portfolio)
    assert create_watchlist(dora_api, portfolio).status_code == 403
    User.objects.filter(id=dora.id).update(tier=Tier.PREMIUM)
    assert create_watchlist(dora_api, portfolio).status_code == 201
    assert MEMORY_SECONDS < 1
    wait_until(
        lambda: dora_api.get("/me").headers["RateLimit-Policy"] != policy,
        seconds=10,
        what="requests are counted by the new tier",
    )
    assert dora_api.get("/me").json()["allowance"]["watchlists"] == 50


def test_the_page_of_tiers_tells_what_each_includes(browser: Client, dora: User) -> None:
    text = browser.get("/settings/tiers").content.decode()
    for _, several in WORDS.values():
        assert f"{several[:1].upper()}{several[1:]}" in text
    assert "Whoever runs this desk can move you" in text
    User.objects.filter(id=dora.id).update(tier=Tier.ADMIN)
    assert "No tier on offer includes more" in browser.get("/settings/tiers").content.decode()


def test_every_limit_of_a_tier_is_worth_rising_for() -> None:
    assert all(better_tier(Tier.STANDARD, limit) is Tier.PREMIUM for limit in WORDS)
