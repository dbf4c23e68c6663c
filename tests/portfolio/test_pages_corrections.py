"""Setting right on the page what has another side, or came with lots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.drafts import LotFact
from portfolio.models import FileImport, JournalEntry, Lot, Portfolio, UnitMove
from portfolio.recording.activity_rules import ActivityDraft
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import NOON, activity, decimals, make_tracked
from tests.portfolio.test_members import share
from tests.portfolio.test_pages_recording import address, words

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def depot(alice: User) -> Portfolio:
    return make_tracked(alice, cash="1000")


@pytest.fixture
def savings(alice: User) -> Portfolio:
    return make_tracked(alice, name="Savings", cash=None)


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def record(portfolio: Portfolio, draft: ActivityDraft) -> JournalEntry:
    return record_activity(portfolio=portfolio, activity=draft, recorded_at=LATER)


def corrected(
    browser: Client, portfolio: Portfolio, entry: JournalEntry, **changes: str
) -> tuple[int, str]:
    """Send the form as the page fills it, with some changes."""
    form = browser.get(address(portfolio, entry.id)).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    body = {name: str(value) for name, value in filled.items() if value is not None} | changes
    answer = browser.post(address(portfolio, entry.id), body)
    return answer.status_code, answer.content.decode()


def standing(portfolio: Portfolio, kind: str) -> JournalEntry:
    return JournalEntry.objects.get(portfolio=portfolio, kind=kind, reversed_by=None)


def lots_of(portfolio: Portfolio) -> list[tuple[object, ...]]:
    found = Lot.objects.filter(portfolio=portfolio, remaining_quantity__gt=0)
    return list(found.order_by("opened_at").values_list("opened_at", "quantity", "cost"))


@pytest.fixture
def arrival(depot: Portfolio, apple: Instrument) -> JournalEntry:
    """Ten units from elsewhere, in lots of four and six."""
    years = [NOON - timedelta(days=365 * ago) for ago in (3, 2)]
    lots = tuple(
        LotFact(quantity=Decimal(units), cost=Decimal(cost), opened_at=opened_at)
        for units, cost, opened_at in zip((4, 6), (40, 90), years, strict=True)
    )
    draft = activity("transfer_in", instrument=apple, quantity="10")
    return record(depot, replace(draft, lots=lots))


def test_another_note_leaves_the_lots_of_an_arrival(
    browser: Client, depot: Portfolio, arrival: JournalEntry
) -> None:
    before = lots_of(depot)
    assert "Lots it brought" in browser.get(address(depot, arrival.id)).content.decode()
    assert corrected(browser, depot, arrival, note="from the old bank")[0] == 302
    assert standing(depot, "transfer_in").note == "from the old bank"
    assert lots_of(depot) == before
    assert not UnitMove.objects.filter(missing_quantity__gt=0).exists()


def test_lots_that_do_not_fit_any_more_are_said_and_give_way_to_a_price(
    browser: Client, depot: Portfolio, arrival: JournalEntry
) -> None:
    status, shown = corrected(browser, depot, arrival, quantity="12")
    assert (status, "the lots have 10 units, the transfer_in 12" in shown) == (422, True)
    status, shown = corrected(browser, depot, arrival, occurred_at="2023-06-01T00:00:00")
    assert (status, "opened_at lies after the transfer" in shown) == (422, True)
    assert corrected(browser, depot, arrival, quantity="12", unit_price="5")[0] == 302
    assert lots_of(depot) == [(NOON, Decimal(12), Decimal(60))]


def test_units_that_arrive_say_what_they_cost(
    browser: Client, depot: Portfolio, savings: Portfolio, apple: Instrument
) -> None:
    told = words(kind="transfer_in", unit_price="", quantity="4")
    answer = browser.post(address(savings, "new"), told)
    assert answer.status_code == 422
    assert "say what the units cost" in answer.content.decode()
    record(depot, activity("buy", instrument=apple, quantity="10", unit_price="100"))
    browser.post(address(depot, "new"), told | {"kind": "transfer_out"})
    assert browser.post(address(savings, "new"), told).status_code == 302
    assert lots_of(savings) == [(NOON, Decimal(4), Decimal(400))]


@pytest.mark.parametrize("edited", ["depot", "savings"])
def test_both_sides_of_a_transfer_are_set_right(
    browser: Client, depot: Portfolio, savings: Portfolio, apple: Instrument, edited: str
) -> None:
    record(depot, activity("buy", instrument=apple, quantity="10", unit_price="100"))
    moved = activity("transfer_out", instrument=apple, quantity="4", at=LATER)
    record(depot, replace(moved, counterpart=savings))
    portfolio, kind = {"depot": (depot, "transfer_out"), "savings": (savings, "transfer_in")}[
        edited
    ]
    assert corrected(browser, portfolio, standing(portfolio, kind), quantity="3")[0] == 302
    left, come = standing(depot, "transfer_out"), standing(savings, "transfer_in")
    assert (left.quantity, come.quantity) == decimals(3, 3)
    assert left.external_id == come.external_id
    assert lots_of(savings) == [(NOON, Decimal(3), Decimal(300))]


def test_money_between_two_portfolios_is_set_right_on_both_sides(
    browser: Client, depot: Portfolio, savings: Portfolio
) -> None:
    record(depot, replace(activity("transfer_out", amount="50"), counterpart=savings))
    assert corrected(browser, depot, standing(depot, "transfer_out"), amount="60")[0] == 302
    assert standing(savings, "transfer_in").amount == 60


def test_a_side_in_a_portfolio_out_of_reach_stays(
    depot: Portfolio, savings: Portfolio, alice: User
) -> None:
    record(depot, replace(activity("transfer_out", amount="50"), counterpart=savings))
    bob = make_user("bob@example.com")
    share(depot, bob, "editor")
    browser = Client()
    browser.force_login(bob)
    status, shown = corrected(browser, depot, standing(depot, "transfer_out"), amount="60")
    assert (status, "that you may not change" in shown) == (422, True)
    assert standing(savings, "transfer_in").amount == 50


@pytest.fixture
def bought(browser: Client, depot: Portfolio, apple: Instrument, ids: str) -> str:
    """A file that was booked, whose purchase of ten was set right to seven at other charges."""
    rows = [f"2025-06-02,buy,AAPL,10,20,1{',b-1' * bool(ids)}"]
    rows += [f"2025-06-03,sell,AAPL,4,30,1{',s-1' * bool(ids)}"]
    text = "\n".join([f"Date,Type,Symbol,Quantity,Price,Fees{ids}", *rows])
    book(browser, depot, text)
    changes = {"quantity": "7", "fees": "2.5"}
    assert corrected(browser, depot, standing(depot, "buy"), **changes)[0] == 302
    return text


def paste(browser: Client, depot: Portfolio, text: str) -> list[tuple[str, str]]:
    """The status and the note of each row."""
    browser.post(f"/portfolios/{depot.id}/imports", {"text": text})
    rows = FileImport.objects.latest("created_at").rows.order_by("position")
    return list(rows.values_list("status", "note"))


def book(browser: Client, depot: Portfolio, text: str) -> FileImport:
    paste(browser, depot, text)
    found = FileImport.objects.latest("created_at")
    browser.post(f"/imports/{found.id}/commit")
    found.refresh_from_db()
    assert found.status == "committed"
    return found


SET_RIGHT = ("duplicate", "Booked before, and set right since; that stays.")


@pytest.mark.parametrize("ids", [",Order ID", ""])
def test_a_file_brings_nothing_new_where_its_rows_were_set_right(
    browser: Client, depot: Portfolio, bought: str
) -> None:
    assert paste(browser, depot, bought) == [SET_RIGHT, ("duplicate", "")]
    # Set right once more it is still the same, and one activity however often a file has it.
    assert corrected(browser, depot, standing(depot, "buy"), quantity="8")[0] == 302
    assert paste(browser, depot, bought) == [SET_RIGHT, ("duplicate", "")]
    row = bought.splitlines()[1]
    more = paste(browser, depot, f"{bought}\n{row}")
    assert sorted(more) == sorted([SET_RIGHT, ("duplicate", ""), ("ready", "")])


@pytest.mark.parametrize("ids", [",Order ID", ""])
def test_what_was_undone_after_it_was_set_right_comes_again(
    browser: Client, depot: Portfolio, bought: str
) -> None:
    browser.post(f"/imports/{FileImport.objects.latest('created_at').id}/reversal")
    assert paste(browser, depot, bought) == [SET_RIGHT, ("ready", "")]
    browser.post(address(depot, standing(depot, "buy").id, "reversal"))
    assert paste(browser, depot, bought) == [("ready", ""), ("ready", "")]
    book(browser, depot, bought)
    assert standing(depot, "buy").quantity == 10
