"""Lots that sales name and transfers bring, in an export of everything, and back."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.drafts import LotFact
from portfolio.errors import ActivityRefused
from portfolio.imports.commits import commit_import
from portfolio.imports.decisions import RowSaid, Said, change_import
from portfolio.imports.forms import ReadingForm
from portfolio.imports.named_lots import BadLots, NamedLot, read_lots, write_lots
from portfolio.imports.previews import start_import
from portfolio.models import FileImport, JournalEntry, Lot, Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from tests.factories import make_instrument
from tests.portfolio.takeout.desk import brought_back, files_of, open_tracked, zip_of

START = datetime(2020, 1, 2, 15, tzinfo=UTC)
BOOKS = ("activities", "lots", "positions")


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_instrument()


def book(portfolio: Portfolio, kind: str, week: int, **facts: Any) -> JournalEntry:
    now = timezone.now()
    at = START + timedelta(days=7 * week)
    numbers: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, str) and name != "external_id" else value
        for name, value in facts.items()
    }
    drafted = ActivityDraft(kind=kind, occurred_at=at, **numbers)
    return record_activity(portfolio=portfolio, activity=drafted, recorded_at=now)


def lot_of(entry: JournalEntry, quantity: str) -> LotFact:
    return LotFact(lot_id=entry.id, quantity=Decimal(quantity))


def books_in(files: dict[str, bytes]) -> dict[str, bytes]:
    return {
        path: text
        for path, text in files.items()
        if path.rpartition("/")[2].partition(".")[0] in BOOKS
    }


def rows_of(files: dict[str, bytes]) -> list[dict[str, str]]:
    text = files["portfolios/01-ten-years/activities.csv"].decode()
    return list(csv.DictReader(io.StringIO(text)))


def named_in(files: dict[str, bytes]) -> list[Any]:
    return [json.loads(row["lots"]) for row in rows_of(files) if row["lots"]]


def of(entry: JournalEntry, quantity: str, **part: int) -> dict[str, Any]:
    return {"of": entry.external_id, "quantity": quantity} | part


def test_a_sale_comes_back_naming_the_same_lots(alice: User, bob: User, apple: Instrument) -> None:
    portfolio = open_tracked(alice)
    bought = [
        book(portfolio, "buy", week, instrument=apple, quantity="10", unit_price=price)
        for week, price in enumerate(("100", "200", "300"))
    ]
    lots = (lot_of(bought[2], "4"), lot_of(bought[1], "1"))
    book(portfolio, "sell", 5, instrument=apple, quantity="5", unit_price="250", lots=lots)
    before = files_of(alice)
    assert named_in(before) == [[of(bought[2], "4"), of(bought[1], "1")]]
    brought_back(bob, zip_of(before))
    assert books_in(files_of(bob)) == books_in(before)
    left = Lot.objects.filter(portfolio__owner=bob).order_by("opened_at")
    assert list(left.values_list("remaining_quantity", flat=True)) == [10, 9, 6]


def named_sale(
    dice: random.Random, portfolio: Portfolio, apple: Instrument, week: int, method: str
) -> None:
    """Of some lots that are open, most of the time; their order is no order at all."""
    at = START + timedelta(days=7 * week)
    found = list(
        Lot.objects.filter(portfolio=portfolio, remaining_quantity__gt=0, opened_at__lte=at)
    )
    if not found or method == "average" or dice.random() < 0.3:
        book(portfolio, "sell", week, instrument=apple, quantity="3", unit_price="91.5")
        return
    chosen = dice.sample(found, dice.randint(1, min(3, len(found))))
    lots = tuple(
        LotFact(
            lot_id=lot.id,
            quantity=(lot.remaining_quantity / dice.randint(1, 3)).quantize(Decimal("1E-10")),
        )
        for lot in chosen
    )
    total = sum((lot.quantity for lot in lots), Decimal(0))
    facts = {"instrument": apple, "quantity": total, "unit_price": "91.5", "fees": "0.33"}
    book(portfolio, "sell", week, lots=lots, **facts)


@pytest.mark.parametrize("seed", range(5))
def test_export_import_export_gives_the_same_bytes(
    alice: User, bob: User, apple: Instrument, seed: int
) -> None:
    dice = random.Random(seed)
    method = ("fifo", "lifo", "hifo", "average", "fifo")[seed]
    portfolio = open_tracked(alice, lot_method=method)
    bought = []
    for week in range(24):
        kind = dice.choice(("buy", "buy", "sell", "split", "transfer_in"))
        if kind == "sell":
            named_sale(dice, portfolio, apple, week // 2 * 2, method)
        elif kind == "split":
            ratio = {"ratio_from": "3", "ratio_to": dice.choice("124")}
            book(portfolio, kind, week, instrument=apple, **ratio)
        elif kind == "buy":
            facts = {"quantity": str(dice.randint(1, 9)), "unit_price": "100", "fees": "0.07"}
            bought.append(book(portfolio, kind, week, instrument=apple, **facts))
        else:
            came = [dice.randint(1, 5) for _ in range(3)]
            lots = tuple(
                LotFact(
                    quantity=Decimal(one),
                    cost=Decimal(90 * one),
                    opened_at=START - timedelta(days=3 * week + place),
                )
                for place, one in enumerate(came)
            )
            book(portfolio, kind, week, instrument=apple, quantity=str(sum(came)), lots=lots)
    if bought and dice.random() < 0.5:
        undone = dice.choice(bought)
        reverse_entry(portfolio=portfolio, entry_id=undone.id, reversed_at=timezone.now())
    before = files_of(alice)
    brought_back(bob, zip_of(before))
    assert books_in(files_of(bob)) == books_in(before)


def test_lots_of_one_transfer_are_told_apart(alice: User, bob: User, apple: Instrument) -> None:
    portfolio = open_tracked(alice)
    lots = tuple(
        LotFact(quantity=Decimal(5), cost=Decimal(cost), opened_at=START - timedelta(days=9))
        for cost in (500, 900)
    )
    came = book(portfolio, "transfer_in", 0, instrument=apple, quantity="10", lots=lots)
    dear = Lot.objects.get(portfolio=portfolio, cost=900)
    picked = (LotFact(lot_id=dear.id, quantity=Decimal(2)),)
    book(portfolio, "sell", 1, instrument=apple, quantity="2", unit_price="250", lots=picked)
    before = files_of(alice)
    assert named_in(before)[1] == [of(came, "2", part=1)]
    brought_back(bob, zip_of(before))
    assert books_in(files_of(bob)) == books_in(before)
    assert Lot.objects.get(portfolio__owner=bob, cost=900).remaining_quantity == 3


def test_a_sale_of_more_than_there_was_names_none(
    alice: User, bob: User, apple: Instrument
) -> None:
    portfolio = open_tracked(alice)
    bought = book(portfolio, "buy", 0, instrument=apple, quantity="5", unit_price="100")
    facts = {"instrument": apple, "quantity": "5", "unit_price": "120"}
    book(portfolio, "sell", 2, lots=(lot_of(bought, "5"),), **facts)
    book(portfolio, "sell", 1, **facts)  # recorded late, it used them all
    before = files_of(alice)
    assert named_in(before) == []
    brought_back(bob, zip_of(before))
    assert books_in(files_of(bob)) == books_in(before)


def taken_in(
    owner: User, files: dict[str, bytes], into: Portfolio | None = None, **spoil: str
) -> FileImport:
    rows = rows_of(files)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(row | (spoil if row["lots"] else {}) for row in rows)
    return start_import(
        portfolio=into or open_tracked(owner, "Other"),
        content=text.getvalue().encode(),
        file_name="activities.csv",
        profile="holdfast",
        created_by=owner,
        created_at=timezone.now(),
    )


@pytest.fixture
def files(alice: User, apple: Instrument) -> dict[str, bytes]:
    """Of a portfolio that bought 5 as `a` and as `b`, and sold 2 of `b`."""
    portfolio = open_tracked(alice)
    facts = {"instrument": apple, "quantity": "5", "unit_price": "100"}
    book(portfolio, "buy", 0, external_id="a", **facts)
    second = book(portfolio, "buy", 1, external_id="b", **facts)
    facts["quantity"] = "2"
    book(portfolio, "sell", 2, lots=(lot_of(second, "2"),), external_id="c", **facts)
    return files_of(alice)


@pytest.mark.parametrize(
    ("lots", "code"),
    [
        ("b", "invalid"),
        ("{}", "invalid"),
        ("[1]", "invalid"),
        ("[" * 9000, "invalid"),
        ('[{"quantity":"2"}]', "invalid"),
        ('[{"of":"","quantity":"2"}]', "invalid"),
        ('[{"of":"b\\u0000","quantity":"2"}]', "invalid"),
        ('[{"of":"b","quantity":2}]', "invalid"),
        ('[{"of":"b","quantity":"two"}]', "invalid"),
        ('[{"of":"b","quantity":"2","part":-1}]', "invalid"),
        ('[{"of":"b","quantity":"2","cost":"1"}]', "invalid"),
        ('[{"of":"b","quantity":"NaN"}]', "out_of_range"),
        ('[{"of":"b","quantity":"1E+99999"}]', "out_of_range"),
        ('[{"of":"b","quantity":"-2"}]', "out_of_range"),
        ('[{"of":"b","quantity":"1"}]', "disagrees"),
        ("[" + ",".join(['{"of":"b","quantity":"1"}'] * 501) + "]", "invalid"),
    ],
)
def test_lots_that_make_no_sense_are_a_problem_of_the_row(
    bob: User, files: dict[str, bytes], lots: str, code: str
) -> None:
    found = taken_in(bob, files, lots=lots)
    row = found.rows.get(position=3)
    assert [(one["field"], one["code"]) for one in row.problems] == [("lots", code)]


def test_a_lot_that_is_not_in_the_books_refuses_until_it_is_taken_away(
    bob: User, files: dict[str, bytes]
) -> None:
    found = taken_in(bob, files, lots='[{"of":"gone","quantity":"2"}]')
    now = timezone.now()
    with pytest.raises(ActivityRefused) as refused:
        commit_import(found=found, committed_at=now)
    assert "'gone', which is not in the books" in refused.value.problems[0].message
    assert not JournalEntry.objects.filter(portfolio__owner=bob, kind="buy").exists()
    said = Said(rows=[RowSaid(position=3, changes={"lots": ""})])
    commit_import(found=change_import(found=found, said=said, changed_at=now), committed_at=now)
    left = Lot.objects.filter(portfolio__owner=bob).order_by("opened_at")
    assert list(left.values_list("remaining_quantity", flat=True)) == [3, 5]


def test_a_lot_is_found_where_its_activity_got_another_id(
    bob: User, files: dict[str, bytes], apple: Instrument
) -> None:
    portfolio = open_tracked(bob)
    facts = {"instrument": apple, "quantity": "7", "unit_price": "1"}
    book(portfolio, "buy", -3, external_id="b", **facts)
    found = taken_in(bob, files, portfolio)
    change = RowSaid(position=2, decision="import")
    said = Said(rows=[change])
    found = change_import(found=found, said=said, changed_at=timezone.now())
    commit_import(found=found, committed_at=timezone.now())
    left = Lot.objects.filter(portfolio=portfolio).order_by("opened_at")
    assert list(left.values_list("remaining_quantity", flat=True)) == [7, 5, 3]


def test_choosing_a_column_on_the_page_keeps_the_lots(bob: User, files: dict[str, bytes]) -> None:
    found = FileImport.objects.get(id=taken_in(bob, files).id)
    shown = ReadingForm(found)
    data = {name: shown[name].value() for name in shown.fields}
    form = ReadingForm(found, data | {"map_note": ""})
    assert form.is_valid()
    mapping = form.said()["mapping"]
    assert (mapping["lots"], mapping["ratio_to"]) == ("lots", "ratio_to")
    assert "note" not in mapping


def test_what_is_written_is_read() -> None:
    lots = [NamedLot('broker:"17"', 0, Decimal("1.5")), NamedLot("ü", 2, Decimal("1E-10"))]
    assert read_lots(write_lots(lots)) == lots
    with pytest.raises(BadLots):
        read_lots(write_lots([replace(lots[0], part=500)]))
