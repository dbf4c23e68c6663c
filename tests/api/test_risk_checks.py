"""How much hangs on one thing, against limits that can be changed, through the API and the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from market.models import Instrument
from portfolio.models import RiskThreshold
from portfolio.portfolios import open_portfolio
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient, key_for
from tests.factories import make_instrument, make_quote

NOW = timezone.now()


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """Worth 1,000: 300 of AAPL, 200 of a fund, 250 of SAP in euros, and 250 of cash."""
    load_rates(USD="2")
    Instrument.objects.filter(id=apple.id).update(country="US")
    make_quote(apple, last="30")
    fund, sap = make_instrument("FUND"), make_instrument("SAP")
    Instrument.objects.filter(id=fund.id).update(asset_class="fund", sector="", country="")
    Instrument.objects.filter(id=sap.id).update(currency="EUR", country="DE", sector="Software")
    make_quote(fund, last="20")
    make_quote(sap, last="12.5")
    book = Book(api)
    book("deposit", amount="762", day=0)
    book("buy", 10, 10)
    book("buy", 10, 20, symbol="FUND", fees="2")
    book("buy", 10, 10, symbol="SAP", currency="EUR", exchange_rate="2")
    book("fee", amount="10", occurred_at=(NOW - timedelta(days=10)).isoformat())
    return book


def checks(book: Book) -> dict[str, dict[str, Any]]:
    return {one["rule"]: one for one in book.read("risk-checks")["items"]}


def test_each_rule_names_what_weighs_most(book: Book) -> None:
    found = checks(book)
    facts = {rule: (one["subject"], one["share_pct"], one["value"]) for rule, one in found.items()}
    assert facts == {
        "largest_name": ("Apple Inc.", "30", "300"),
        "largest_sector": ("Technology", "30", "300"),
        "largest_currency": ("EUR", "25", "250"),
        "largest_country": ("US", "30", "300"),
        "cash_share": ("", "25", "250"),
        "cost_share": ("", "1", "10"),
    }
    assert [rule for rule, one in found.items() if one["is_exceeded"]] == ["largest_name"]
    assert {one["source"] for one in found.values()} == {"default"}


def test_charges_of_trades_count_and_old_ones_do_not(book: Book) -> None:
    when = (NOW - timedelta(days=5)).isoformat()
    book("buy", 1, 20, symbol="FUND", fees="5", occurred_at=when)
    assert checks(book)["cost_share"]["value"] == "15"


def test_without_a_price_there_is_no_verdict(book: Book) -> None:
    make_instrument("DARK")
    book("buy", 1, 5, symbol="DARK")
    for one in checks(book).values():
        assert (one["share_pct"], one["is_exceeded"], one["reason"]) == (None, None, "no_price")


def test_an_empty_portfolio_has_nothing_to_measure_by(api: ApiClient) -> None:
    assert {one["reason"] for one in checks(Book(api)).values()} == {"no_capital"}


def test_the_portfolios_own_limit_goes_before_that_of_all(
    book: Book, api: ApiClient, alice: User
) -> None:
    path, other = f"{book.path}/risk-checks", Book(api)
    body = {"thresholds": {"largest_name": "35.5"}, "for_all_portfolios": True}
    assert api.patch(path, body).status_code == 200
    found = checks(book)["largest_name"]
    assert (found["maximum_pct"], found["source"], found["is_exceeded"]) == ("35.5", "user", False)
    assert checks(other)["largest_name"]["maximum_pct"] == "35.5"
    for _ in range(2):
        assert api.patch(path, {"thresholds": {"largest_name": "10"}}).status_code == 200
    assert checks(book)["largest_name"]["source"] == "portfolio"
    assert checks(other)["largest_name"]["maximum_pct"] == "35.5"
    api.patch(path, {"thresholds": {"largest_name": None}})
    assert checks(book)["largest_name"]["maximum_pct"] == "35.5"
    events = AuditEvent.objects.filter(action="risk_thresholds.changed", owner_id=alice.id)
    assert events.count() == 3  # what changes nothing is no event
    assert RiskThreshold.objects.count() == 1


@pytest.mark.parametrize("limit", ["-1", "100.01", "0.001", "1e400"])
def test_a_limit_that_is_no_percentage_is_refused(book: Book, api: ApiClient, limit: str) -> None:
    answer = api.patch(f"{book.path}/risk-checks", {"thresholds": {"cash_share": limit}})
    assert answer.status_code == 422, answer.content
    assert RiskThreshold.objects.count() == 0


def test_a_rule_that_is_none_is_refused(book: Book, api: ApiClient) -> None:
    answer = api.patch(f"{book.path}/risk-checks", {"thresholds": {"luck": "5"}})
    assert answer.status_code == 422


def test_a_bound_key_cannot_change_limits_of_all(book: Book, alice: User) -> None:
    bound = ApiClient(key_for(alice, portfolio_ids=[book.id]))
    body = {"thresholds": {"cash_share": "5"}, "for_all_portfolios": True}
    assert bound.patch(f"{book.path}/risk-checks", body).status_code == 403


def test_limits_of_one_are_not_those_of_another(book: Book, api: ApiClient, charlie: User) -> None:
    api.patch(
        f"{book.path}/risk-checks",
        {"thresholds": {"cash_share": "5"}, "for_all_portfolios": True},
    )
    other = open_portfolio(
        owner=charlie,
        name="Other",
        kind="tracked",
        currency="USD",
        starting_cash=None,
        opened_at=NOW,
    )
    found = ApiClient(key_for(charlie)).get(f"/portfolios/{other.id}/risk-checks").json()
    assert {one["source"] for one in found["items"]} == {"default"}


def test_the_page_shows_and_changes_limits(book: Book, alice: User, client: Client) -> None:
    client.force_login(alice)
    path = f"/portfolios/{book.id}/xray"
    text = client.get(path).content.decode()
    assert "1 above the limit" in text
    assert "30.00%" in text
    form = {rule: one["maximum_pct"] for rule, one in checks(book).items()}
    assert client.post(path, form | {"largest_name": "45"})["Location"] == path
    assert [row.rule for row in RiskThreshold.objects.all()] == ["largest_name"]
    assert "nothing above its limit" in client.get(path).content.decode()
    wrong = client.post(path, form | {"cash_share": "101"})
    assert wrong.status_code == 422
    client.post(path, form | {"largest_name": ""})
    assert not RiskThreshold.objects.exists()
