"""What a file says again, and what it says of several portfolios: counts, ids and contents."""

from __future__ import annotations

from decimal import Decimal

from accounts.models import User
from market.models import Instrument
from portfolio.models import JournalEntry, Portfolio, Position
from tests.api.clients import ApiClient
from tests.api.imports import TABLE, commit, paste, statuses, upload
from tests.factories import make_instrument
from tests.portfolio.imports.factories import make_tracked
from tests.portfolio.imports.samples import DEGIRO


def test_what_was_undone_may_be_imported_again(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    table = TABLE.replace("Fees\n", "Fees,ID\n").replace(",1\n", ",1,id-1\n")
    found = paste(api, depot, table)
    commit(api, found)
    api.post(f"/imports/{found['id']}/reversal")
    again = paste(api, depot, table)
    assert again["counts"]["ready"] == 2
    assert commit(api, again)["status"] == "committed"
    assert Position.objects.get(portfolio=depot).quantity == 6


def test_three_identical_rows_of_one_order_all_count(api: ApiClient, alice: User) -> None:
    """Four fills of one order, three of them alike."""
    depot = make_tracked(alice, "Depot", currency="EUR")
    asml = make_instrument("ASML", mic="XAMS")
    Instrument.objects.filter(id=asml.id).update(currency="EUR", isin="NL0010273215")
    (head, *rows) = DEGIRO.splitlines(keepends=True)
    found = upload(api, depot, head + b"".join(rows[:4])).json()
    assert statuses(found) == ["ready"] * 4
    commit(api, found)
    position = Position.objects.get(portfolio=depot)
    assert position.quantity == 8
    entries = JournalEntry.objects.filter(portfolio=depot)
    assert sum(entry.amount or 0 for entry in entries) == Decimal("321.60")
    assert sum(entry.fees for entry in entries) == Decimal("1.99")

    # The same file again, and then with one row more.
    again = upload(api, depot, head + b"".join(rows[:4])).json()
    assert statuses(again) == ["duplicate"] * 4
    assert {row["duplicate_of"] for row in again["rows"]} == {str(one.id) for one in entries}
    refused = api.post(f"/imports/{again['id']}/commit")
    assert refused.status_code == 422
    assert refused.json()["code"] == "nothing_to_import"
    more = upload(api, depot, head + b"".join([*rows[:4], rows[3]])).json()
    assert statuses(more) == ["duplicate"] * 4 + ["ready"]


def test_identical_rows_without_an_id_count_and_repeat_the_same(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    row = "2024-01-02,buy,AAPL,1,40.2,0.1\n"
    table = "Date,Type,Symbol,Quantity,Price,Fees\n" + row * 3
    found = paste(api, depot, table)
    assert statuses(found) == ["ready"] * 3
    commit(api, found)
    assert Position.objects.get(portfolio=depot).quantity == 3
    again = paste(api, depot, table + row)
    assert statuses(again) == ["duplicate"] * 3 + ["ready"]


def test_a_duplicate_may_be_overridden(api: ApiClient, depot: Portfolio, apple: Instrument) -> None:
    table = "Date,Type,Symbol,Quantity,Price,ID\n2024-01-02,buy,AAPL,1,40.2,x\n"
    commit(api, paste(api, depot, table))
    again = paste(api, depot, table)
    api.patch(f"/imports/{again['id']}", {"rows": [{"position": 1, "decision": "import"}]})
    commit(api, again)
    assert Position.objects.get(portfolio=depot).quantity == 2


def test_what_was_booked_meanwhile_is_left_out_as_a_duplicate(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    first, second = paste(api, depot, TABLE), paste(api, depot, TABLE)
    commit(api, first)
    assert api.post(f"/imports/{second['id']}/commit").json()["code"] == "nothing_to_import"
    assert Position.objects.get(portfolio=depot).quantity == 6


def test_an_activity_recorded_by_hand_is_found_in_the_file(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    body = {
        "kind": "buy",
        "occurred_at": "2024-01-02T14:30:00Z",
        "symbol": "AAPL",
        "quantity": "10",
        "unit_price": "185.5",
        "fees": "1",
    }
    assert api.post(f"/portfolios/{depot.id}/activities", body, key="once").status_code == 201
    assert statuses(paste(api, depot, TABLE)) == ["problem", "duplicate", "ready", "problem"]


def test_rows_of_several_portfolios_land_each_in_its_own(
    api: ApiClient, alice: User, depot: Portfolio, apple: Instrument
) -> None:
    savings = make_tracked(alice, "Savings")
    table = (
        "Portfolio,Date,Type,Symbol,Quantity,Price\n"
        "Depot,2024-01-02,buy,AAPL,1,100\n"
        "savings,2024-01-02,buy,AAPL,2,100\n"
        "Elsewhere,2024-01-02,buy,AAPL,4,100\n"
    )
    found = paste(api, depot, table)
    assert statuses(found) == ["ready", "ready", "problem"]
    mended = api.patch(f"/imports/{found['id']}", {"portfolios": {"Elsewhere": "Savings"}})
    assert statuses(mended.json()) == ["ready"] * 3
    commit(api, found)
    held = dict(Position.objects.values_list("portfolio_id", "quantity"))
    assert held == {depot.id: 1, savings.id: 6}
    assert api.post(f"/imports/{found['id']}/reversal").status_code == 202
    assert not Position.objects.filter(quantity__gt=0).exists()


def test_a_total_cost_is_parted_over_its_units(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    commit(
        api,
        paste(api, depot, "Date,Type,Symbol,Shares,Total cost\n2024-01-02,buy,AAPL,139,22004.40\n"),
    )
    entry = JournalEntry.objects.get(portfolio=depot)
    assert entry.amount == Decimal("22004.40")
    assert round(entry.unit_price or 0, 4) == Decimal("158.3050")
