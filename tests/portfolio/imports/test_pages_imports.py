"""Pages of imports: upload or paste, look, mend, book, undo."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from market.models import EuroRate
from portfolio.models import FileImport, JournalEntry, LotClosure, Portfolio
from tests.factories import make_instrument, make_user
from tests.portfolio.imports.factories import make_tracked
from tests.portfolio.imports.samples import SCHWAB

TABLE = (
    "Portfolio,Date,Type,Symbol,Quantity,Price\n"
    ",2024-01-02,buy,AAPL,10,185.50\n"
    ",2024-01-03,buy,NOPE,1,2\n"
    ",2024-01-04,buy,AAPL,x,2\n"
    "Elsewhere,2024-01-05,buy,AAPL,1,2\n"
)


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def depot(alice: User) -> Portfolio:
    make_instrument("AAPL")
    return make_tracked(alice, "Depot")


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def paste(page: Client, depot: Portfolio, text: str = TABLE) -> FileImport:
    answer = page.post(reverse("portfolio:imports", args=[depot.id]), {"text": text})
    assert answer.status_code == 302, answer.content
    return FileImport.objects.latest("created_at")


def href(name: str, found: FileImport) -> str:
    return reverse(f"portfolio:{name}", args=[found.id])


def test_an_uploaded_file_is_shown_row_by_row(page: Client, depot: Portfolio) -> None:
    address = reverse("portfolio:imports", args=[depot.id])
    assert b"Nothing was imported yet" in page.get(address).content
    page.post(address, {"file": SimpleUploadedFile("schwab.csv", SCHWAB)})
    shown = page.get(href("import", FileImport.objects.get())).content.decode()
    assert "schwab.csv" in shown
    assert "Book 5 activities" in shown
    assert "schwab.csv" in page.get(address).content.decode()


def test_nothing_and_nonsense_are_refused_at_the_form(page: Client, depot: Portfolio) -> None:
    address = reverse("portfolio:imports", args=[depot.id])
    empty = page.post(address, {"text": "  "})
    assert (empty.status_code, b"Choose a file" in empty.content) == (422, True)
    nonsense = page.post(address, {"text": "hello"})
    assert (nonsense.status_code, b"names its columns" in nonsense.content) == (422, True)


def test_mistakes_are_mended_step_by_step(page: Client, depot: Portfolio, alice: User) -> None:
    savings = make_tracked(alice, "Savings")
    found = paste(page, depot)
    shown = page.get(href("import", found)).content.decode()
    assert "Book 1 activity" in shown
    assert "Names that nobody knows here" in shown

    page.post(href("choose_in_import", found), {"symbol_0": "AAPL", "portfolio_0": savings.id})
    address = href("mend_import_row", found) + "?position=3"
    assert 'value="AAPL"' in page.get(address).content.decode()
    form = {"kind": "buy", "occurred_at": "2024-01-04", "symbol": "AAPL", "unit_price": "2"}
    page.post(address, form | {"quantity": "7"})
    page.post(href("decide_in_import", found), {"decision": "skip:1"})
    assert "Book 3 activities" in page.get(href("import", found)).content.decode()

    page.post(href("commit_import", found))
    booked = page.get(href("import", found)).content.decode()
    assert "Undo the import" in booked
    assert JournalEntry.objects.filter(portfolio=depot).count() == 2
    assert JournalEntry.objects.filter(portfolio=savings).count() == 1
    page.post(href("undo_import", found))
    assert JournalEntry.objects.filter(kind="reversal").count() == 3


def test_columns_and_styles_are_chosen(page: Client, depot: Portfolio) -> None:
    found = paste(page, depot, "A,B,C,D,E\n02/01/2024,buy,AAPL,1,5\n")
    form = {
        "map_occurred_at": "A",
        "map_kind": "B",
        "map_symbol": "C",
        "map_quantity": "D",
        "map_unit_price": "E",
        "date_order": "month_first",
        "decimal_mark": ".",
        "profile": found.profile,
    }
    page.post(href("read_import", found), form)
    row = found.rows.get()
    assert row.status == "ready"
    assert row.facts["occurred_at"] == "2024-02-01T00:00:00Z"


def test_the_lots_of_a_sale_are_set_right_and_a_purchase_has_none(
    page: Client, depot: Portfolio
) -> None:
    text = (
        "portfolio,kind,occurred at,external id,symbol,quantity,unit price,taxes,lots\n"
        ",buy,2024-01-02T15:00:00Z,first,AAPL,10,100,0,\n"
        ",buy,2024-01-03T15:00:00Z,second,AAPL,10,200,0,\n"
        ',sell,2024-01-04T15:00:00Z,sold,AAPL,3,250,0,"[{""of"":""gone"",""quantity"":""3""}]"\n'
    )
    found = paste(page, depot, text)
    address = href("mend_import_row", found)
    assert b'name="lots"' not in page.get(address, {"position": 1}).content
    shown = page.get(address, {"position": 3})
    assert b'name="lots"' in shown.content
    form = shown.context["form"]
    given = {name: form.initial.get(name, "") for name in form.fields}

    def mend(lots: str) -> None:
        answer = page.post(f"{address}?position=3", given | {"lots": lots})
        assert answer.status_code == 302

    mend("three of them")
    assert [one["field"] for one in found.rows.get(position=3).problems] == ["lots"]
    mend('[{"of": "second", "quantity": "3"}]')
    page.post(href("commit_import", found))
    used = LotClosure.objects.get(lot__portfolio=depot)
    assert used.lot.opening_entry.external_id == "second"


def test_rows_are_shown_by_status(page: Client, depot: Portfolio) -> None:
    found = paste(page, depot)
    problems = page.get(href("import", found), {"status": "problem"}).content.decode()
    assert "row-2" in problems
    assert "row-1" not in problems


def test_a_fragment_answers_htmx(page: Client, depot: Portfolio) -> None:
    found = paste(page, depot)
    FileImport.objects.update(status="committing")
    headers = {"HX-Request": "true", "HX-Target": "import"}
    fragment = page.get(href("import", found), headers=headers).content.decode()
    assert fragment.lstrip().startswith("<div")
    assert 'hx-trigger="every 1s"' in fragment
    assert "<progress" in fragment


def test_a_refused_booking_says_why(page: Client, depot: Portfolio) -> None:
    found = paste(page, depot)
    page.post(href("decide_in_import", found), {"decision": "skip:1"})
    answer = page.post(href("commit_import", found), follow=True)
    assert "Nothing was booked." in answer.content.decode()


EUROS = "Date,Type,Symbol,Quantity,Price,Currency\n" + "".join(
    f"2024-01-0{day},buy,AAPL,{day},2,EUR\n" for day in (2, 2, 3, 2, 2)
)


def test_a_row_without_an_exchange_rate_is_mended_by_giving_it(
    page: Client, depot: Portfolio
) -> None:
    found = paste(page, depot, EUROS)
    shown = page.get(href("import", found)).content.decode()
    assert shown.count("there is no rate from EUR to USD on 2024-01-02") == 4
    form = {"kind": "buy", "symbol": "AAPL", "unit_price": "2", "quantity": "3", "currency": "EUR"}
    form |= {"occurred_at": "2024-01-03", "exchange_rate": "1.1"}
    page.post(href("mend_import_row", found) + "?position=3", form)
    assert "Book 1 activity" in page.get(href("import", found)).content.decode()
    page.post(href("commit_import", found))
    assert JournalEntry.objects.get().exchange_rate == Decimal("1.1")


def test_what_the_books_refuse_is_said_once_with_its_rows(page: Client, depot: Portfolio) -> None:
    for day in (2, 3):
        EuroRate.objects.create(currency="USD", on_date=date(2024, 1, day), per_euro=Decimal("1.1"))
    found = paste(page, depot, EUROS)
    assert "Book 5 activities" in page.get(href("import", found)).content.decode()
    EuroRate.objects.all().delete()
    said = page.post(href("commit_import", found), follow=True).content.decode()
    assert "Nothing was booked. Rows 1, 2, 4 and 1 more: there is no rate from EUR" in said
    assert "Row 3: there is no rate from EUR to USD on 2024-01-03" in said
    assert not JournalEntry.objects.exists()


@pytest.mark.parametrize("decision", ["", "skip:", "skip:0", "skip:99", "maybe:1", "skip:x"])
def test_a_decision_about_nothing_changes_nothing(
    page: Client, depot: Portfolio, decision: str
) -> None:
    found = paste(page, depot)
    page.post(href("decide_in_import", found), {"decision": decision})
    assert not found.rows.exclude(decision="").exists()


@pytest.mark.parametrize("position", ["", "0", "99", "x", "1e3", "٣"])
def test_a_row_that_is_none_leads_back_to_all(
    page: Client, depot: Portfolio, position: str
) -> None:
    found = paste(page, depot)
    answer = page.get(href("mend_import_row", found), {"position": position}, follow=True)
    assert answer.redirect_chain == [(href("import", found), 302)]
    assert "There is no such row." in answer.content.decode()


def test_a_stranger_sees_nothing_of_it(page: Client, depot: Portfolio) -> None:
    found = paste(page, depot)
    stranger = Client()
    stranger.force_login(make_user("stranger@example.com"))
    assert stranger.get(href("import", found)).status_code == 404
    assert stranger.post(href("commit_import", found)).status_code == 404


def test_a_page_takes_as_many_queries_for_many_rows(page: Client, depot: Portfolio) -> None:
    counts = []
    for rows in (2, 40):
        lines = [f"2024-01-02,buy,AAPL,{number + 1},5\n" for number in range(rows)]
        found = paste(page, depot, "Date,Type,Symbol,Quantity,Price\n" + "".join(lines))
        with CaptureQueriesContext(connection) as queries:
            page.get(href("import", found))
        counts.append(len(queries))
    assert counts[0] == counts[1]
