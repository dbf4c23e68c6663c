"""Who may let a portfolio begin anew: programs and pages, with a fresh sign-in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from portfolio.models import (
    PortfolioMember,
)
from tests.api.clients import ApiClient, key_for
from tests.trading.factories import (
    NOON,
    make_instrument,
    make_portfolio,
    make_user,
    publish_quote,
)
from trading.models import PortfolioReset
from trading.resets.carrying_out import carry_out_resets

pytestmark = pytest.mark.django_db


def test_programs_and_pages_ask_for_it() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    api = ApiClient(key_for(portfolio.owner))
    address = f"/portfolios/{portfolio.id}"
    assert api.get(f"{address}/resets").json() == {"items": [], "next_cursor": None}
    assert api.post(f"{address}/reset", {"starting_cash": "-1"}).status_code == 422
    answer = api.post(f"{address}/reset", {"starting_cash": "250.5"}, key="once")
    told = answer.json()
    assert (answer.status_code, told["status"], told["starting_cash"]) == (202, "pending", "250.5")
    again = api.post(f"{address}/reset", {"starting_cash": "250.5"}, key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (answer.content, "true")
    assert api.post(f"{address}/reset", {}).json()["code"] == "reset_pending"

    page = Client()
    page.force_login(portfolio.owner)
    shown = page.get(f"{address}/reset").content.decode()
    assert "Being reset to" in shown
    assert "Typed once more" not in shown
    carry_out_resets(at=timezone.now())
    assert api.get(f"{address}/resets").json()["items"][0]["status"] == "done"
    assert api.get(address).json()["cash"] == "250.5"


def test_the_page_wants_the_name_and_a_fresh_sign_in() -> None:
    portfolio = make_portfolio()
    portfolio.owner.set_password("a-long-password")
    portfolio.owner.save()
    address = f"/portfolios/{portfolio.id}/reset"
    page = Client()
    page.force_login(portfolio.owner)
    sent = {"starting_cash": "9", "name": "Paper"}
    assert "reauthenticate" in page.post(address, sent)["Location"]

    confirmed = page.post("/accounts/reauthenticate/", {"password": "a-long-password"})
    assert confirmed.status_code == 302
    assert page.post(address, sent | {"name": "Other"}).status_code == 422
    assert page.post(address, sent | {"starting_cash": "-9"}).status_code == 422
    assert not PortfolioReset.objects.exists()
    assert page.post(address, sent).status_code == 302
    assert page.post(address, sent).status_code == 422  # while it is pending
    assert PortfolioReset.objects.get().starting_cash == 9


def test_a_stranger_and_a_member_are_refused() -> None:
    portfolio, bob = make_portfolio(), make_user("bob@example.com")
    address = f"/portfolios/{portfolio.id}/reset"
    page, api = Client(), ApiClient(key_for(bob))
    page.force_login(bob)
    assert page.get(address).status_code == 404
    assert api.post(address, {}).status_code == 404
    for role in ("viewer", "editor"):
        PortfolioMember.objects.update_or_create(
            portfolio=portfolio, user=bob, defaults={"role": role, "added_at": NOON}
        )
        assert page.get(address).status_code == 403
        assert api.post(address, {}).status_code == 403
    assert not PortfolioReset.objects.exists()
