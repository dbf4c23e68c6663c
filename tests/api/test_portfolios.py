"""Portfolios and their books through the API."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import EuroRate, Instrument
from portfolio.models import DailyValuation, JournalEntry, LedgerBalance, Portfolio
from portfolio.portfolios import open_portfolio
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient, all_items, fields_in, key_for
from tests.api.orders import match, place
from tests.factories import make_instrument, make_portfolio, make_quote

PAPER = {"name": "Mine", "kind": "paper", "currency": "USD", "starting_cash": "100000"}
SHAPE = {
    *("id", "name", "kind", "currency", "cash", "accrued", "settled_cash", "buying_power"),
    *("market_value", "total_value", "balances", "as_of", "lot_method", "booked_actions", "role"),
}
POSITION = {
    *("symbol", "quantity", "average_cost", "cost", "price", "price_as_of", "market_value"),
    *("unrealised_gain", "unrealised_gain_pct", "day_change", "weight_pct"),
}
ACTIVITY = {
    *("kind", "occurred_at", "symbol", "quantity", "unit_price", "amount", "fees", "taxes"),
    *("currency", "exchange_rate", "external_id", "note"),
}


@pytest.fixture
def tracked(alice: User) -> Portfolio:
    return open_portfolio(
        owner=alice,
        name="Tracked",
        kind="tracked",
        currency="USD",
        starting_cash=None,
        opened_at=timezone.now() - timedelta(days=400),
    )


def test_a_paper_portfolio_opens_with_its_cash(api: ApiClient) -> None:
    opened = api.post("/portfolios", PAPER)
    assert opened.status_code == 201, opened.content
    portfolio = opened.json()
    assert set(portfolio) == SHAPE
    figures = [portfolio[name] for name in ("cash", "settled_cash", "buying_power", "total_value")]
    assert figures == ["100000"] * 4
    assert portfolio["market_value"] == "0"
    assert api.get(f"/portfolios/{portfolio['id']}").json()["cash"] == "100000"


def test_cash_is_told_in_each_currency(api: ApiClient, alice: User) -> None:
    load_rates(USD="1.25")
    book = Book(api, currency="EUR")
    book("deposit", amount="100")
    book("deposit", amount="50", currency="USD")
    book("deposit", amount="7", currency="USD")
    book("withdrawal", amount="7", currency="USD")
    told = api.get(book.path).json()
    assert told["cash"] == "140"
    assert [(one["currency"], one["amount"], one["value"]) for one in told["balances"]] == [
        ("EUR", "100", "100"),
        ("USD", "50", "40"),
    ]
    EuroRate.objects.all().delete()
    told = api.get(book.path).json()
    assert (told["cash"], told["balances"][1]["rate"], told["balances"][1]["value"]) == (None,) * 3
    page = Client()
    page.force_login(alice)
    shown = page.get(f"{book.path}/cash").content.decode()
    assert "50.00" in shown
    assert "no rate today" in shown


def test_opening_twice_under_one_key_opens_one(api: ApiClient) -> None:
    first = api.post("/portfolios", PAPER, key="once")
    again = api.post("/portfolios", PAPER, key="once")
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert Portfolio.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"kind": "live"}, "kind"),
        ({"currency": "usd"}, "currency"),
        ({"starting_cash": "-1"}, "starting_cash"),
        ({"starting_cash": "1e400"}, "starting_cash"),
        ({"starting_cash": "abc"}, "starting_cash"),
        ({"starting_cash": "1e16"}, "starting_cash"),
    ],
)
def test_a_bad_portfolio_is_refused_by_field(
    api: ApiClient, changes: dict[str, Any], field: str
) -> None:
    response = api.post("/portfolios", PAPER | changes)
    assert response.status_code == 422, response.content
    assert field in fields_in(response)
    assert not Portfolio.objects.exists()


def test_the_tier_limits_how_many(api: ApiClient, alice: User) -> None:
    alice.tier = "standard"
    alice.save()
    answers = [api.post("/portfolios", PAPER).status_code for _ in range(6)]
    assert answers == [201] * 5 + [403]


def test_a_portfolio_is_renamed_and_archived(api: ApiClient, paper: Portfolio) -> None:
    path = f"/portfolios/{paper.id}"
    assert api.patch(path, {"name": "New"}).json()["name"] == "New"
    assert fields_in(api.patch(path, {"name": ""})) == {"name": "required"}
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.get("/portfolios").json()["items"] == []
    assert JournalEntry.objects.filter(portfolio=paper).exists()


def test_a_portfolio_whose_orders_work_is_not_archived(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    place(api, paper, type="limit", limit_price="90")
    refused = api.delete(f"/portfolios/{paper.id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "orders_working")
    assert api.get(f"/portfolios/{paper.id}").status_code == 200


def test_portfolios_are_paged_in_a_constant_number_of_queries(
    api: ApiClient, alice: User, apple: Instrument, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        make_portfolio(alice, name=str(number))
    listed = all_items(api, "/portfolios", limit=2)
    assert [row["name"] for row in listed] == list("01234")
    with django_assert_max_num_queries(3):
        api.get("/portfolios")


@pytest.mark.parametrize(
    "part", ["", "/positions", "/lots", "/valuations", "/activities", "/journal"]
)
def test_a_stranger_and_a_bound_key_find_nothing(
    stranger_api: ApiClient, alice: User, paper: Portfolio, part: str
) -> None:
    other = make_portfolio(alice, name="Other")
    bound = ApiClient(key_for(alice, portfolio_ids=[other.id]))
    for api in (stranger_api, bound):
        assert api.get(f"/portfolios/{paper.id}{part}").status_code == 404
        assert api.patch(f"/portfolios/{paper.id}", {"name": "x"}).status_code == 404
        assert api.delete(f"/portfolios/{paper.id}").status_code == 404
        activity = {"kind": "deposit", "amount": "1"}
        path = f"/portfolios/{paper.id}/activities"
        assert api.post(path, activity, key="once").status_code == 404
    assert [row["id"] for row in bound.get("/portfolios").json()["items"]] == [str(other.id)]
    assert bound.post("/portfolios", PAPER).status_code == 403


def test_positions_and_lots_show_what_is_held(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    place(api, paper, quantity="10")
    match()
    make_quote(apple, bid="109.99", ask="110.01", last="110")
    (position,) = api.get(f"/portfolios/{paper.id}/positions").json()["items"]
    assert set(position) >= POSITION
    assert position["market_value"] == "1100"
    assert position["unrealised_gain"] == "99.9"
    assert position["average_cost"] == "100.01"
    (lot,) = api.get(f"/portfolios/{paper.id}/lots", symbol="AAPL", status="open").json()["items"]
    assert (lot["remaining_quantity"], lot["unit_cost"]) == ("10", "100.01")
    assert api.get(f"/portfolios/{paper.id}/lots", status="closed").json()["items"] == []
    assert api.get(f"/portfolios/{paper.id}/lots", status="lost").status_code == 422
    assert api.get(f"/portfolios/{paper.id}/positions", as_of="2999-01-01").status_code == 422
    today = api.get(f"/portfolios/{paper.id}/positions", as_of=str(timezone.now().date()))
    assert today.json() == api.get(f"/portfolios/{paper.id}/positions").json()
    for path in ("positions?as_of=", "performance?start=", "realized?start="):
        answer = api.get(f"/portfolios/{paper.id}/{path}0001-01-01")
        assert answer.status_code in (200, 422), (path, answer.content)


def test_without_a_price_values_are_null(api: ApiClient, tracked: Portfolio) -> None:
    make_instrument("NEVER")
    path = f"/portfolios/{tracked.id}"
    for activity in (
        {"kind": "deposit", "amount": "1000"},
        {"kind": "buy", "symbol": "NEVER", "quantity": "2", "unit_price": "10"},
    ):
        recorded = api.post(f"{path}/activities", activity, key=uuid4().hex)
        assert recorded.status_code == 201, recorded.content
    (position,) = api.get(f"{path}/positions").json()["items"]
    assert [position[name] for name in ("price", "market_value", "weight_pct")] == [None] * 3
    portfolio = api.get(path).json()
    assert (portfolio["cash"], portfolio["market_value"], portfolio["total_value"]) == (
        "980",
        None,
        None,
    )


def test_an_activity_is_booked_and_read_back(
    api: ApiClient, tracked: Portfolio, apple: Instrument
) -> None:
    path = f"/portfolios/{tracked.id}/activities"
    activity = {
        "kind": "buy",
        "occurred_at": "2026-01-30T15:30:00+01:00",
        "symbol": "AAPL",
        "quantity": "10",
        "unit_price": "236.05",
        "fees": "1.10",
        "external_id": "broker-1",
        "note": "first",
    }
    recorded = api.post(path, activity, key="once")
    assert recorded.status_code == 201, recorded.content
    assert set(recorded.json()) >= ACTIVITY
    assert recorded.json() | {"occurred_at": "2026-01-30T14:30:00Z"} == recorded.json()
    assert (recorded.json()["amount"], recorded.json()["fees"]) == ("2360.5", "1.1")
    again = api.post(path, activity, key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (recorded.content, "true")
    # Another request that says the same about the same event is the same entry.
    same = api.post(path, activity, key="other")
    assert (same.status_code, same.json()["id"]) == (201, recorded.json()["id"])
    conflict = api.post(path, activity | {"quantity": "11"}, key="third")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "entry_conflict")
    assert api.get(path).json()["items"] == [recorded.json()]
    (entry,) = api.get(f"/portfolios/{tracked.id}/journal").json()["items"]
    sums: dict[str, Decimal] = {}
    for posting in entry["postings"]:
        sums.setdefault(posting["commodity"], Decimal(0))
        sums[posting["commodity"]] += Decimal(posting["amount"])
    assert sums == {"USD": 0, "AAPL": 0}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "buy"}, "symbol"),
        ({"kind": "gift"}, "kind"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1e400"}, "amount"),
        ({"amount": None}, "amount"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2025-01-01T00:00:00"}, "occurred_at"),
        ({"currency": "EUR"}, "exchange_rate"),
        ({"currency": "euro"}, "currency"),
        ({"symbol": "NOPE"}, "symbol"),
        ({"lots": [{"quantity": "1"}]}, "lots"),
        ({"ratio_to": "2"}, "ratio_to"),
    ],
)
def test_a_bad_activity_is_refused_by_field(
    api: ApiClient, tracked: Portfolio, changes: dict[str, Any], field: str
) -> None:
    activity = {"kind": "deposit", "amount": "5"} | changes
    response = api.post(f"/portfolios/{tracked.id}/activities", activity, key="once")
    assert response.status_code == 422, response.content
    assert field in fields_in(response)
    assert not JournalEntry.objects.exists()


def test_an_activity_needs_an_idempotency_key(api: ApiClient, tracked: Portfolio) -> None:
    path = f"/portfolios/{tracked.id}/activities"
    assert api.post(path, {"kind": "deposit", "amount": "5"}).status_code == 400


def test_paper_takes_no_trades_and_no_overdraft(api: ApiClient, paper: Portfolio) -> None:
    path = f"/portfolios/{paper.id}/activities"
    trade = {"kind": "buy", "symbol": "AAPL", "quantity": "1", "unit_price": "1"}
    assert api.post(path, trade, key="trade").status_code == 422
    drained = api.post(path, {"kind": "withdrawal", "amount": "100000.01"}, key="drain")
    assert (drained.status_code, drained.json()["code"]) == (422, "insufficient_funds")
    assert api.post(path, {"kind": "withdrawal", "amount": 99.5}, key="some").status_code == 201
    assert LedgerBalance.objects.get(portfolio=paper).settled == Decimal("99900.5")


def test_activities_and_journal_are_paged_newest_first(api: ApiClient, tracked: Portfolio) -> None:
    path = f"/portfolios/{tracked.id}"
    for day in range(1, 6):
        activity = {"kind": "deposit", "amount": day, "occurred_at": f"2026-01-0{day}"}
        assert api.post(f"{path}/activities", activity, key=uuid4().hex).status_code == 201
    for part in ("activities", "journal"):
        listed = all_items(api, f"{path}/{part}", limit=2)
        assert [row["amount"] for row in listed] == list("54321")
    some = all_items(api, f"{path}/activities", start="2026-01-02", end="2026-01-04", limit=1)
    assert [row["amount"] for row in some] == ["3", "2"]
    cursor = api.get(f"{path}/journal", limit=1).json()["next_cursor"]
    assert api.get(f"{path}/activities", cursor=cursor).status_code == 400


def test_valuations_are_a_daily_series(api: ApiClient, paper: Portfolio) -> None:
    DailyValuation.objects.filter(portfolio=paper).delete()
    for day, value in ((1, Decimal(5)), (2, None), (3, Decimal(7))):
        DailyValuation.objects.create(
            portfolio=paper,
            date=date(2026, 1, day),
            cash=Decimal(10),
            market_value=value,
            cost=Decimal(4),
            net_flow=Decimal(0),
        )
    path = f"/portfolios/{paper.id}/valuations"
    listed = all_items(api, path, limit=2)
    assert [row["date"] for row in listed] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert [row["total_value"] for row in listed] == ["15", None, "17"]
    assert len(all_items(api, path, start="2026-01-02", end="2026-01-02")) == 1


def test_times_are_utc_with_an_offset(api: ApiClient, paper: Portfolio) -> None:
    as_of = api.get(f"/portfolios/{paper.id}").json()["as_of"]
    assert as_of.endswith("Z")
    assert datetime.fromisoformat(as_of).tzinfo == UTC
