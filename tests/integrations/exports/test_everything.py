"""Everything as one zip, and back: the same books write the same bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import AllowanceExceeded
from accounts.models import User
from accounts.tiers import Tier
from integrations.models import Export
from market.models import Instrument
from market.watchlists import add_symbols, create_watchlist
from portfolio.activities import record_activities, record_activity
from portfolio.imports.errors import ImportTooLarge, UnreadableImport
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from tests.api.clients import ApiClient, key_for
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.exports.desk import written
from tests.portfolio.takeout.desk import brought_back, files_of, open_tracked, zip_of

pytestmark = pytest.mark.django_db

START = datetime(2020, 1, 2, 15, tzinfo=UTC)
KINDS = (
    *("deposit", "buy", "buy", "buy", "sell", "sell", "dividend", "interest", "fee", "tax"),
    *("withdrawal", "split", "transfer_in", "transfer_out", "adjustment", "spin_off"),
)
BOOKS = ("activities", "lots", "positions")


@pytest.fixture
def alice() -> User:
    return make_user()


def random_activity(dice: random.Random, at: datetime, known: list[Instrument]) -> ActivityDraft:
    kind = dice.choice(KINDS)
    instrument = dice.choice(known)

    def number(most: int, places: int) -> Decimal:
        return Decimal(dice.randint(1, most * 10**places)).scaleb(-places)

    facts: dict[str, Any] = {"kind": kind, "occurred_at": at, "note": dice.choice(["", 'a, "b"'])}
    if dice.random() < 0.5:
        facts["external_id"] = f"{kind}:{at.isoformat()}" + "x" * dice.choice([0, 60])
    if kind in {"buy", "sell", "transfer_in", "transfer_out"}:
        facts |= {"instrument": instrument, "quantity": number(50, dice.choice([0, 4, 10]))}
        facts |= {"unit_price": number(300, dice.choice([2, 8]))}
        facts |= {"fees": number(5, 2)} if kind in {"buy", "sell"} else {}
        if kind == "transfer_in" and dice.random() < 0.3:
            facts |= {"unit_price": None, "amount": Decimal(0)}
    elif kind == "split":
        facts |= {"instrument": instrument, "ratio_from": Decimal(1), "ratio_to": Decimal(2)}
    elif kind == "spin_off":
        (source,) = (one for one in known if one != instrument)
        facts |= {"instrument": instrument, "quantity": number(9, 4)}
        facts |= {"source_instrument": source, "cost_share": Decimal(dice.choice(["0", "0.125"]))}
    elif kind == "adjustment":
        sign = dice.choice([1, -1])
        if dice.random() < 0.5:
            facts |= {"instrument": instrument, "quantity": sign * number(5, 4)}
        else:
            facts |= {"amount": sign * number(9, 2)}
    else:
        facts |= {"amount": number(900, 2)}
        facts |= {"instrument": instrument, "taxes": number(1, 2)} if kind == "dividend" else {}
    if kind in {"buy", "sell", "deposit", "dividend", "fee"} and dice.random() < 0.3:
        facts |= {"currency": "EUR", "exchange_rate": number(2, 10)}
    return ActivityDraft(**facts)


def books_in(files: dict[str, bytes], number: int) -> dict[str, bytes]:
    """The parts that must be the same, of the portfolio of that number."""
    return {
        path.rpartition("/")[2]: content
        for path, content in files.items()
        if path.startswith(f"portfolios/{number:02}-") and path.rpartition("/")[2].startswith(BOOKS)
    }


@pytest.mark.parametrize("seed", range(6))
def test_export_import_export_gives_the_same_bytes(alice: User, seed: int) -> None:
    dice = random.Random(seed)
    known = [make_instrument(symbol) for symbol in ("AAPL", "MSFT")]
    method = dice.choice(["fifo", "lifo", "hifo", "average"])
    portfolio = open_tracked(alice, lot_method=method)
    activities = [
        random_activity(dice, START + timedelta(days=7 * week, minutes=dice.randint(0, 99)), known)
        for week in range(40)
    ]
    dice.shuffle(activities)
    record_activities(portfolio=portfolio, activities=activities, recorded_at=timezone.now())
    before = files_of(alice)
    bob = make_user("bob@example.com")
    brought_back(bob, zip_of(before))
    after = files_of(bob)
    assert books_in(before, 1)
    assert books_in(after, 1) == books_in(before, 1)
    assert json.loads(after["portfolios/01-ten-years/portfolio.json"])[0]["lot_method"] == method


def test_the_same_desk_gets_it_as_another_portfolio(alice: User) -> None:
    apple, portfolio = make_instrument(), open_tracked(alice)
    bought = ActivityDraft(
        kind="buy", occurred_at=START, instrument=apple, quantity=Decimal(3), unit_price=Decimal(5)
    )
    record_activity(portfolio=portfolio, activity=bought, recorded_at=timezone.now())
    brought_back(alice, zip_of(files_of(alice)))
    files = files_of(alice)
    assert books_in(files, 1) == books_in(files, 2) != {}


def test_what_was_reversed_does_not_come_along(alice: User) -> None:
    portfolio = open_tracked(alice)
    made = record_activity(
        portfolio=portfolio,
        activity=ActivityDraft(kind="deposit", occurred_at=START, amount=Decimal(5)),
        recorded_at=timezone.now(),
    )
    reverse_entry(portfolio=portfolio, entry_id=made.id, reversed_at=timezone.now())
    assert "portfolios/01-ten-years/activities.csv" not in files_of(alice)


def test_csv_and_json_say_the_same_of_all_that_one_has(alice: User) -> None:
    make_instrument()
    make_portfolio(alice)
    now = timezone.now()
    watched = create_watchlist(owner=alice, name="Mine", created_at=now)
    add_symbols(watchlist=watched, symbols=["AAPL"], added_at=now)
    files = files_of(alice)
    assert json.loads(files["watchlists.json"]) == [
        {"watchlist": "Mine", "exchange": "XNAS", "symbol": "AAPL", "note": ""}
    ]
    assert files["watchlists.csv"] == b"watchlist,exchange,symbol,note\r\nMine,XNAS,AAPL,\r\n"
    (account,) = json.loads(files["account.json"])
    assert (account["email"], account["portfolios"]) == ("alice@example.com", 1)
    assert {path for path in files if path.endswith(".json")} == {
        path.replace(".csv", ".json") for path in files if path.endswith(".csv")
    }


def test_a_paper_portfolio_comes_back_as_a_tracked_one(alice: User) -> None:
    make_portfolio(alice, cash="500")
    (portfolio,) = brought_back(make_user("bob@example.com"), zip_of(files_of(alice)))
    assert (portfolio.kind, portfolio.name) == ("tracked", "Paper")


def good_files() -> dict[str, bytes]:
    facts = {"name": "A", "currency": "USD", "lot_method": "fifo", "booked_actions": "none"}
    return {"portfolios/01-a/portfolio.json": json.dumps([facts]).encode()}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda files: {}, id="nothing in it"),
        pytest.param(lambda files: files | {"../../etc/passwd": b"x"}, id="a path that leaves"),
        pytest.param(lambda files: files | {"/portfolios/01-a/lots.csv": b"x"}, id="a rooted path"),
        pytest.param(lambda files: files | {"notes.txt": b"x"}, id="something else"),
        pytest.param(lambda files: {"portfolios/01-a/activities.csv": b"x"}, id="no facts"),
        pytest.param(lambda files: dict.fromkeys(files, b"{"), id="no json"),
        pytest.param(lambda files: dict.fromkeys(files, b"[" * 9999), id="too deep a json"),
        pytest.param(lambda files: dict.fromkeys(files, b"[{}]"), id="facts missing"),
        pytest.param(lambda files: dict.fromkeys(files, b'[{"name": 1}]'), id="facts of a kind"),
        pytest.param(
            lambda files: files | {"portfolios/01-a/activities.csv": b"\x00\x01"}, id="no table"
        ),
        pytest.param(
            lambda files: {
                f"portfolios/{n:02}-a/portfolio.json": content
                for content in files.values()
                for n in range(21)
            },
            id="too many portfolios",
        ),
    ],
)
def test_what_is_no_takeout_is_refused_and_leaves_nothing(
    alice: User, spoil: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    with pytest.raises(UnreadableImport):
        brought_back(alice, zip_of(spoil(good_files())))
    assert not Portfolio.objects.exists()


def test_no_zip_a_broken_zip_and_a_bomb_are_refused(alice: User, settings: Settings) -> None:
    whole = zip_of(good_files())
    assert len(brought_back(alice, whole)) == 1
    nameless = whole.replace(b"portfolios/", b"\0ortfolios/")
    for content in (b"", b"no zip", whole[:-30], nameless):
        with pytest.raises(UnreadableImport):
            brought_back(alice, content)
    bomb = zip_of(good_files() | {"fills.csv": b"0" * (8 << 20)})
    with pytest.raises(ImportTooLarge):
        brought_back(alice, bomb)
    settings.LIMITS = replace(settings.LIMITS, import_file_bytes=len(whole) - 1)
    with pytest.raises(ImportTooLarge):
        brought_back(alice, whole)


def test_the_tier_says_how_many_portfolios_come_back(alice: User) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    (content,) = good_files().values()
    six = {f"portfolios/{n:02}-a/portfolio.json": content for n in range(6)}
    with pytest.raises(AllowanceExceeded):
        brought_back(dora, zip_of(six))
    assert not Portfolio.objects.exists()


def test_the_page_exports_everything_and_brings_it_back(alice: User) -> None:
    open_tracked(alice)
    page = Client()
    page.force_login(alice)
    assert page.post("/exports/everything").status_code == 302
    export = written(Export.objects.get(), at=timezone.now())
    content = b"".join(page.get(f"/exports/{export.id}/download"))
    answer = page.post(
        "/exports/restoration", {"file": SimpleUploadedFile("all.zip", content)}, follow=True
    )
    assert b"1 tracked portfolio opened" in answer.content
    assert Portfolio.objects.count() == 2
    refused = page.post("/exports/restoration", {"file": SimpleUploadedFile("a.zip", b"no")})
    assert (refused.status_code, b"damaged or locked" in refused.content) == (422, True)


def test_a_program_exports_everything_and_brings_it_back(alice: User) -> None:
    portfolio = open_tracked(alice)
    api = ApiClient(key_for(alice))
    made = api.post("/exports", {"dataset": "everything"})
    assert made.status_code == 202
    assert api.post("/exports", {"dataset": "fills"}).status_code == 422
    assert api.post("/exports", {"dataset": "everything", "start": "2026-01-01"}).status_code == 422
    bound = ApiClient(key_for(alice, portfolio_ids=[portfolio.id]))
    assert bound.post("/exports", {"dataset": "everything"}).json()["code"] == "key_bound"
    assert bound.get(f"/exports/{made.json()['id']}").status_code == 404
    assert bound.get("/exports").json()["items"] == []
    answer = api.client.post(
        "/api/v1/exports/restorations",
        {"file": SimpleUploadedFile("all.zip", zip_of(good_files()))},
        headers=api.headers(),
    )
    assert answer.status_code == 201
    assert answer.json()["items"][0]["import_id"] is None
