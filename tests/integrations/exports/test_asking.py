"""What may be asked for, by whom, how often; and what is wrong with the rest."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import AuditEvent
from accounts.tiers import Tier
from integrations.exports import keeping, parts, requesting
from integrations.exports.errors import (
    ExportNotFound,
    ExportNotReady,
    ExportRefused,
    TooManyExports,
)
from integrations.exports.parts import Length
from integrations.models import Export
from market.errors import HistoryExceeded
from portfolio.errors import PortfolioNotFound
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.exports.desk import DAY, LATER, ask, written
from tests.portfolio.factories import race

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (Length.DAY, ["day=2025-12-30", "day=2025-12-31", "day=2026-01-01"]),
        (Length.MONTH, ["month=2025-12", "month=2026-01"]),
        (Length.YEAR, ["year=2025", "year=2026"]),
    ],
)
def test_days_are_dealt_out_without_a_gap(length: Length, expected: list[str]) -> None:
    first, after = date(2025, 12, 30), date(2026, 1, 2)
    found = list(parts.parts(first, after, length))
    assert [part.folder for part in found] == expected
    assert (found[0].start, found[-1].end) == (first, after)
    assert all(one.end == other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("facts", "field", "code"),
    [
        ({"dataset": "nothing"}, "dataset", "unknown"),
        ({"dataset": "ticks"}, "symbols", "out_of_range"),
        ({"dataset": "ticks", "symbols": ("AAPL",) * 51}, "symbols", "out_of_range"),
        ({"dataset": "ticks", "symbols": ("NOPE",)}, "symbols", "unknown_symbol"),
        ({"dataset": "ticks", "symbols": ("AAPL",), "interval": "1d"}, "interval", "not_taken"),
        ({"dataset": "bars", "symbols": ("AAPL",)}, "interval", "unknown"),
        ({"dataset": "bars", "symbols": ("AAPL",), "interval": "7m"}, "interval", "unknown"),
        (
            {"dataset": "ticks", "symbols": ("AAPL",), "portfolio_id": uuid4()},
            "portfolio_id",
            "not_taken",
        ),
        ({"dataset": "fills"}, "portfolio_id", "required"),
        ({"dataset": "fills", "symbols": ("AAPL",)}, "symbols", "not_taken"),
        ({"dataset": "journal", "columns": ("amount", "secret")}, "columns", "unknown"),
        ({"dataset": "fills", "start": date(1899, 12, 31)}, "start", "too_early"),
        ({"dataset": "fills", "end": date(2026, 2, 1)}, "end", "out_of_range"),
        ({"dataset": "fills", "end": date(2026, 3, 10)}, "end", "in_future"),
        (
            {"dataset": "ticks", "symbols": ("AAPL",), "start": date(2023, 6, 9)},
            "end",
            "too_long",
        ),
    ],
)
def test_what_makes_no_sense_is_named(facts: dict[str, Any], field: str, code: str) -> None:
    make_instrument()
    if facts["dataset"] in {"fills", "journal"} and code not in {"required", "not_taken"}:
        facts = {"portfolio_id": uuid4()} | facts
    with pytest.raises(ExportRefused) as refused:
        ask(make_user(), **facts)
    assert (field, code) in {(one.field, one.code) for one in refused.value.problems}
    assert not Export.objects.exists()


def test_as_many_days_as_files_are_allowed_are_taken() -> None:
    make_instrument()
    start = date(2026, 3, 6) - timedelta(days=1000)
    made = ask(make_user(), "ticks", symbols=("AAPL",), start=start)
    assert made.parts_total == 1000


def test_fifty_symbols_are_taken_each_once() -> None:
    make_instrument()
    made = ask(make_user(), "ticks", symbols=("AAPL", "XNAS:AAPL") * 25)
    assert made.symbols == ["XNAS:AAPL"]


def test_nobody_exports_the_books_of_somebody_else() -> None:
    bobs = make_portfolio(make_user("bob@example.com"))
    with pytest.raises(PortfolioNotFound):
        ask(make_user(), "journal", portfolio_id=bobs.id)


def test_prices_reach_as_far_back_as_the_tier_shows() -> None:
    make_instrument()
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    with pytest.raises(HistoryExceeded):
        ask(dora, "ticks", symbols=("AAPL",), start=LATER.date() - 31 * DAY)
    made = ask(dora, "ticks", symbols=("AAPL",), start=LATER.date() - 30 * DAY)
    assert made.parts_total == 29


def test_the_tier_counts_what_was_asked_for_within_a_day() -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    portfolio = make_portfolio(dora)

    def once_more(hours: int) -> Export:
        at = LATER + timedelta(hours=hours)
        return ask(dora, "fills", portfolio_id=portfolio.id, at=at)

    once_more(0)
    once_more(1)
    with pytest.raises(TooManyExports) as refused:
        once_more(2)
    assert refused.value.facts() == {
        "limit": "exports_per_day",
        "tier": "standard",
        "allowed": 2,
        "next_tier": "premium",
        "next_allowed": 50,
    }
    assert "the next is possible at 2026-03-08 17:00 UTC" in str(refused.value)
    once_more(24)
    with pytest.raises(TooManyExports):
        once_more(24)


def test_what_failed_by_a_fault_of_ours_is_not_counted() -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    portfolio = make_portfolio(dora)
    for code in ("unforeseen", "stale", "export_too_large", ""):
        made = ask(dora, "fills", portfolio_id=portfolio.id)
        Export.objects.filter(id=made.id).update(status="failed", error_code=code)
    with pytest.raises(TooManyExports):
        ask(dora, "fills", portfolio_id=portfolio.id)


@pytest.mark.django_db(transaction=True)
def test_the_last_one_is_given_once_however_many_ask_at_once() -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    portfolio = make_portfolio(dora)
    outcomes = race([lambda: ask(dora, "fills", portfolio_id=portfolio.id)] * 8)
    connection.close()
    refused = [one for one in outcomes if isinstance(one, TooManyExports)]
    assert (len(refused), Export.objects.count()) == (6, 2)


def test_deleting_removes_the_files_and_still_counts(
    django_capture_on_commit_callbacks: Any,
) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    portfolio = make_portfolio(dora)
    made = written(ask(dora, "journal", portfolio_id=portfolio.id, end=date(2026, 3, 8)))
    with django_capture_on_commit_callbacks(execute=True):
        keeping.delete_export(owner=dora, export_id=made.id, deleted_at=LATER)
    made.refresh_from_db()
    assert (made.is_ready, made.removed_at, made.folder.exists()) == (False, LATER, False)
    keeping.delete_export(owner=dora, export_id=made.id, deleted_at=LATER)
    ask(dora, "fills", portfolio_id=portfolio.id)
    with pytest.raises(TooManyExports):
        requesting.refuse_beyond_allowance(dora, at=LATER)
    actions = list(AuditEvent.objects.filter(target="export").values_list("action", flat=True))
    assert sorted(actions) == ["export.deleted", "export.requested", "export.requested"]


def test_one_that_is_being_written_is_not_deleted_and_a_strangers_is_not_found() -> None:
    alice = make_user()
    made = ask(alice, "fills", portfolio_id=make_portfolio(alice).id)
    with pytest.raises(ExportNotReady):
        keeping.delete_export(owner=alice, export_id=made.id, deleted_at=LATER)
    bob = make_user("bob@example.com")
    with pytest.raises(ExportNotFound):
        keeping.delete_export(owner=bob, export_id=made.id, deleted_at=LATER)
