"""Files of brokers through the API: read, mended, booked once, undone as one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from accounts.models import User
from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.models import Instrument
from portfolio.models import JournalEntry, LedgerBalance, Portfolio, Position
from portfolio.portfolios import open_portfolio
from tests.api.clients import ApiClient, all_items, key_for
from tests.api.imports import TABLE, commit, paste, statuses, upload
from tests.factories import make_instrument, make_user
from tests.portfolio.imports.factories import at, make_tracked
from tests.portfolio.imports.samples import IBKR_ACTIONS, IBKR_STATEMENT, zipped


def test_a_paste_says_what_each_row_would_become(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    assert found["status"] == "previewed"
    assert found["profile"] == "generic"
    assert found["columns"] == ["Date", "Type", "Symbol", "Quantity", "Price", "Fees"]
    assert found["mapping"]["unit_price"] == "Price"
    assert statuses(found) == ["problem", "ready", "ready", "problem"]
    assert found["counts"] == {
        "ready": 2, "duplicate": 0, "problem": 2, "skipped": 0, "taken": 2,
    }  # fmt: skip
    assert found["rows"][0]["problems"][0]["field"] == "amount"
    assert found["rows"][3]["problems"][0]["code"] == "unknown_symbol"
    assert found["rows"][1]["facts"]["occurred_at"] == "2024-01-02T00:00:00Z"
    assert JournalEntry.objects.filter(portfolio=depot).count() == 0


def test_mistakes_are_mended_and_the_rest_is_booked_and_undone(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    mended = api.patch(
        f"/imports/{found['id']}",
        {
            "rows": [
                {"position": 1, "changes": {"amount": "5000"}},
                {"position": 3, "decision": "skip"},
            ],
            "symbols": {"NOPE": "AAPL"},
        },
    )
    assert mended.status_code == 200, mended.content
    assert statuses(mended.json()) == ["ready"] * 4
    assert mended.json()["counts"]["taken"] == 3

    committed = commit(api, found)
    assert committed["status"] == "committed"
    assert [bool(row["entry_id"]) for row in committed["rows"]] == [True, True, False, True]
    position = Position.objects.get(portfolio=depot)
    assert (position.quantity, position.cost) == (Decimal(11), Decimal(1858))

    undone = api.post(f"/imports/{found['id']}/reversal")
    assert undone.json()["status"] == "reversed"
    assert not Position.objects.filter(portfolio=depot, quantity__gt=0).exists()
    cash = api.get(f"/portfolios/{depot.id}").json()["cash"]
    assert Decimal(cash) == 0


def test_committing_and_undoing_again_change_nothing(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    commit(api, found)
    commit(api, found)
    assert JournalEntry.objects.filter(portfolio=depot).count() == 2
    for _ in range(2):
        assert api.post(f"/imports/{found['id']}/reversal").status_code == 202
    assert JournalEntry.objects.filter(portfolio=depot).count() == 4


def test_a_statement_with_many_tables_is_booked(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    store_rates(
        [PublishedRate("USD", date(2024, 1, 2), Decimal("1.09"))],
        source="ecb",
        is_authoritative=True,
        recorded_at=at(),
    )
    found = upload(api, depot, IBKR_STATEMENT).json()
    assert found["profile"] == "ibkr"
    assert found["counts"]["problem"] == 0, found["rows"]
    commit(api, found)
    kinds = JournalEntry.objects.filter(portfolio=depot).order_by("occurred_at", "id")
    assert sorted(kinds.values_list("kind", flat=True)) == [
        *("buy", "deposit", "dividend", "fee", "fee", "sell", "tax"),
        *("transfer_in", "transfer_out", "withdrawal"),
    ]
    euros = LedgerBalance.objects.get(portfolio=depot, currency="EUR")
    assert euros.settled == 1000


def test_a_table_or_a_class_of_any_name_is_shown_as_not_read(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    spoilt = IBKR_STATEMENT.replace(b"Dividends,", b"A" * 5000 + b",")
    spoilt = spoilt.replace(b"Order,Forex", b"Order,Options " + b"B" * 5000)
    found = upload(api, depot, spoilt).json()
    notes = {row["note"] for row in found["rows"] if row["status"] == "skipped"}
    assert f"The table '{'A' * 80}' is not read here." in notes
    assert f"Options {'B' * 72} are not kept here." in notes


def test_a_split_of_a_statement_changes_units_and_what_nobody_reads_is_shown(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    actions = IBKR_ACTIONS.replace(b"NVDA", b"AAPL").replace(b"US67066G1040", b"US0378331005")
    head, _, trades = IBKR_STATEMENT.partition(b"Trades,Header")
    bought = b"".join(trades.splitlines(keepends=True)[:2])
    found = upload(api, depot, head + b"Trades,Header" + bought + actions).json()
    wrong = [(row["line"], row["problems"][0]["code"]) for row in found["rows"] if row["problems"]]
    assert [code for _, code in wrong] == ["unknown_symbol", "unclear", "unclear"]
    positions = [row["position"] for row in found["rows"] if row["problems"]]
    rows = [{"position": position, "decision": "skip"} for position in positions]
    assert api.patch(f"/imports/{found['id']}", {"rows": rows}).status_code == 200
    commit(api, found)
    position = Position.objects.get(portfolio=depot)
    assert (position.quantity, position.cost) == (Decimal(100), Decimal(1856))


def test_a_spin_off_is_read_mended_and_booked(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    make_instrument("MSFT")
    table = (
        "Date,Type,Symbol,Quantity,Price,From symbol,Cost share\n"
        "2024-01-02,buy,AAPL,10,100,,\n2024-01-03,spin-off,MSFT,2,,Apples,0.2\n"
    )
    found = paste(api, depot, table)
    assert statuses(found) == ["ready", "problem"]
    (problem,) = found["rows"][1]["problems"]
    assert (problem["field"], problem["code"]) == ("from_symbol", "unknown")
    rows = [{"position": 2, "changes": {"from_symbol": "AAPL"}}]
    mended = api.patch(f"/imports/{found['id']}", {"rows": rows})
    assert statuses(mended.json()) == ["ready", "ready"]
    commit(api, found)
    costs = Position.objects.filter(portfolio=depot).order_by("instrument__symbol")
    assert list(costs.values_list("cost", flat=True)) == [Decimal(800), Decimal(200)]
    assert statuses(paste(api, depot, table.replace("Apples", "AAPL"))) == ["duplicate"] * 2


def test_a_sale_before_its_purchase_is_booked_as_it_was_told(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    table = "Date,Type,Symbol,Quantity,Price\n2024-01-02,buy,AAPL,1,1\n2024-01-01,sell,AAPL,1,1\n"
    assert commit(api, paste(api, depot, table))["status"] == "committed"
    assert JournalEntry.objects.filter(portfolio=depot, kind__in=("buy", "sell")).count() == 2


def test_days_without_times_buy_before_they_sell(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    table = "Date,Type,Symbol,Quantity,Price\n2024-01-02,sell,AAPL,1,2\n2024-01-02,buy,AAPL,1,1\n"
    assert commit(api, paste(api, depot, table))["status"] == "committed"


MAPPING = {"occurred_at": "A", "kind": "B", "symbol": "C", "quantity": "D", "unit_price": "E"}


def test_a_mapping_that_was_booked_is_known_the_next_time(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    table = "A,B,C,D,E\n2024-01-02,buy,AAPL,3,7.5\n"
    found = paste(api, depot, table)
    assert found["counts"]["ready"] == 0
    mapped = api.patch(f"/imports/{found['id']}", {"mapping": MAPPING}).json()
    assert statuses(mapped) == ["ready"]
    assert paste(api, depot, table)["counts"]["ready"] == 0
    commit(api, found)
    assert statuses(paste(api, depot, table.replace("3", "4"))) == ["ready"]


def test_a_mapping_that_was_only_tried_spoils_no_other_file(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    api.patch(f"/imports/{found['id']}", {"mapping": {}})
    assert paste(api, depot, TABLE)["counts"]["ready"] == 2


def test_the_order_of_day_and_month_can_be_said(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, "Date,Type,Symbol,Quantity,Price\n02/01/2024,buy,AAPL,1,1\n")
    assert found["is_date_order_certain"] is False
    assert found["rows"][0]["facts"]["occurred_at"] == "2024-01-02T00:00:00Z"
    said = api.patch(f"/imports/{found['id']}", {"date_order": "month_first"}).json()
    assert said["rows"][0]["facts"]["occurred_at"] == "2024-02-01T00:00:00Z"
    assert said["is_date_order_certain"] is True


def test_an_isin_and_a_providers_symbol_find_the_instrument(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    Instrument.objects.filter(id=apple.id).update(
        isin="US0378331005", provider_symbols="yahoo=AAPL.US"
    )
    found = paste(
        api,
        depot,
        "Date,Type,Symbol,ISIN,Quantity,Price\n"
        "2024-01-02,buy,,US0378331005,1,1\n2024-01-03,buy,AAPL.US,,1,1\n",
    )
    assert [row["symbol"] for row in found["rows"]] == ["AAPL", "AAPL"]


def test_a_symbol_on_two_exchanges_is_a_choice(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    make_instrument("AAPL", mic="XNYS")
    found = paste(api, depot, "Date,Type,Symbol,Quantity,Price\n2024-01-02,buy,AAPL,1,1\n")
    assert found["rows"][0]["problems"][0]["code"] == "ambiguous_symbol"
    chosen = api.patch(f"/imports/{found['id']}", {"symbols": {"AAPL": "XNYS:AAPL"}})
    assert statuses(chosen.json()) == ["ready"]


def test_a_zip_and_the_pages_of_rows(api: ApiClient, depot: Portfolio, apple: Instrument) -> None:
    head, *rows = TABLE.splitlines(keepends=True)
    content = zipped(a=(head + rows[1]).encode(), b=(head + rows[2] + rows[3]).encode())
    found = upload(api, depot, content).json()
    assert [row["sheet"] for row in found["rows"]] == ["a.csv", "b.csv", "b.csv"]
    first = api.get(f"/imports/{found['id']}", limit=2).json()
    rest = api.get(f"/imports/{found['id']}", limit=2, cursor=first["next_cursor"]).json()
    assert [row["position"] for row in first["rows"] + rest["rows"]] == [1, 2, 3]
    problems = api.get(f"/imports/{found['id']}", row_status="problem").json()
    assert [row["position"] for row in problems["rows"]] == [3]
    listed = all_items(api, f"/portfolios/{depot.id}/imports", limit=1)
    assert [one["id"] for one in listed] == [found["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"mapping": {"nonsense": "Date"}}, "import_change_refused"),
        ({"mapping": {"symbol": "No such column"}}, "import_change_refused"),
        ({"profile": "nobody"}, "import_change_refused"),
        ({"symbols": {"NOPE": "ALSO-NOT"}}, "import_change_refused"),
        ({"rows": [{"position": 99, "decision": "skip"}]}, "import_change_refused"),
        ({"rows": [{"position": 1, "decision": "maybe"}]}, "invalid"),
        ({"rows": [{"position": 1, "changes": {"id": "1"}}]}, "import_change_refused"),
        ({"profile": "kraken"}, "unreadable_import"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    api: ApiClient, depot: Portfolio, apple: Instrument, body: dict[str, Any], code: str
) -> None:
    found = paste(api, depot, TABLE)
    refused = api.patch(f"/imports/{found['id']}", body)
    assert refused.status_code == 422
    assert refused.json()["code"] == code
    assert api.get(f"/imports/{found['id']}").json() == found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": ""}, "import_change_refused"),
        ({"text": "hello"}, "unreadable_import"),
        ({"text": TABLE, "profile": "nobody"}, "unknown_profile"),
        ({"txt": TABLE}, "import_change_refused"),
        ("{", "unreadable_import"),
    ],
)
def test_what_is_no_table_is_refused(
    api: ApiClient, depot: Portfolio, body: Any, code: str
) -> None:
    refused = api.post(f"/portfolios/{depot.id}/imports", body)
    assert refused.status_code == 422, refused.content
    assert refused.json()["code"] == code


def test_what_is_booked_is_changed_no_more(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    assert api.post(f"/imports/{found['id']}/reversal").status_code == 409
    commit(api, found)
    refused = api.patch(f"/imports/{found['id']}", {"rows": [{"position": 1, "decision": "skip"}]})
    assert refused.status_code == 409
    assert refused.json()["code"] == "import_wrong_step"


def test_a_stranger_and_a_bound_key_do_not_reach_it(
    api: ApiClient, stranger_api: ApiClient, alice: User, depot: Portfolio, apple: Instrument
) -> None:
    found = paste(api, depot, TABLE)
    other = make_tracked(alice, "Other")
    bound = ApiClient(key_for(alice, portfolio_ids=[other.id]))
    for caller in (stranger_api, bound):
        assert caller.get(f"/imports/{found['id']}").status_code == 404
        assert caller.post(f"/imports/{found['id']}/commit").status_code == 404
    assert api.get(f"/imports/{uuid4()}").status_code == 404


def test_a_bound_keys_rows_land_in_no_other_portfolio(
    alice: User, depot: Portfolio, apple: Instrument
) -> None:
    make_tracked(alice, "Other")
    bound = ApiClient(key_for(alice, portfolio_ids=[depot.id]))
    table = "Portfolio,Date,Type,Symbol,Quantity,Price\nOther,2024-01-02,buy,AAPL,1,100\n"
    found = paste(bound, depot, table)
    assert found["rows"][0]["problems"][0]["code"] == "unknown_portfolio"


def test_the_oldest_open_import_gives_way(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    kept = settings.LIMITS.imports_open
    made = [paste(api, depot, TABLE)["id"] for _ in range(kept)]
    assert api.get(f"/imports/{made[0]}").status_code == 200
    paste(api, depot, TABLE)
    assert api.get(f"/imports/{made[0]}").status_code == 404
    assert api.get(f"/imports/{made[1]}").status_code == 200


def test_a_paper_portfolio_takes_no_trades_from_files(api: ApiClient, alice: User) -> None:
    make_instrument("AAPL")
    paper = open_portfolio(
        owner=alice, name="P", kind="paper", currency="USD", starting_cash=None, opened_at=at()
    )
    assert statuses(paste(api, paper, TABLE)) == ["problem"] * 4


def test_repeating_an_upload_under_its_key_makes_one_import(
    api: ApiClient, depot: Portfolio, apple: Instrument
) -> None:
    answers = [
        api.post(f"/portfolios/{depot.id}/imports", {"text": TABLE}, key="one") for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_imports_of_another_user_are_nobodys(api: ApiClient, depot: Portfolio) -> None:
    stranger = make_user("stranger@example.com")
    theirs = make_tracked(stranger, "Theirs")
    assert api.post(f"/portfolios/{theirs.id}/imports", {"text": TABLE}).status_code == 404
