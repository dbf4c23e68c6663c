"""How far an import is: told by its worker, as it goes, and shown with what there is in all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.row_reports import RowReporter
from portfolio.imports import commits, previews, undoing
from portfolio.models import FileImport
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import make_tracked

ROWS = 5
HEAD = "Date,Type,Symbol,Quantity,Price\n"
LINES = "".join(f"2024-01-0{day},buy,AAPL,{day},10\n" for day in range(2, ROWS + 2))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[dict[str, Any]]:
    """What workers tell; every file is for a worker, and no word is held back."""
    limits = settings.LIMITS
    settings.LIMITS = replace(
        limits, import_bytes_at_once=0, import_rows_at_once=0, import_batch_rows=2
    )
    monkeypatch.setattr("portfolio.imports.progress.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("portfolio.imports.reading.TOLD_LINES", 2)
    words: list[dict[str, Any]] = []
    update = RowReporter.update

    def heard(self: RowReporter, **values: Any) -> None:
        words.append(values)
        update(self, **values)

    monkeypatch.setattr(RowReporter, "update", heard)
    for module, name in (
        (previews, "request_preview"),
        (commits, "request_booking"),
        (undoing, "request_undoing"),
    ):
        monkeypatch.setattr(module, name, lambda _: None)
    return words


def make_import() -> FileImport:
    make_instrument("AAPL")
    portfolio = make_tracked(make_user())
    return previews.start_import(
        portfolio=portfolio,
        content=(HEAD + LINES).encode(),
        file_name="trades.csv",
        profile="",
        created_by=portfolio.owner,
        created_at=timezone.now(),
    )


def shown(found: FileImport) -> str:
    client = Client()
    client.force_login(found.portfolio.owner)
    return " ".join(
        client.get(reverse("portfolio:import", args=[found.id])).content.decode().split()
    )


@pytest.mark.django_db(transaction=True)
def test_each_step_counts_towards_its_whole(told: list[dict[str, Any]]) -> None:
    found = make_import()
    assert "<progress" in shown(found)
    previews.preview(found.id, at=timezone.now())
    lines = [(one["rows_done"], one["rows_total"]) for one in told]
    assert lines == [(0, ROWS), (2, ROWS), (4, ROWS), (ROWS, ROWS)]
    found.refresh_from_db()
    assert (found.status, found.rows_total, found.rows_done) == ("previewed", ROWS, 0)

    commits.commit_import(found=found, committed_at=timezone.now())
    commits.carry_out(found.id, at=timezone.now())
    told.clear()
    undoing.reverse_import(found=found, reversed_at=timezone.now())
    assert f'value="0" max="{ROWS}"' in shown(found)
    undoing.carry_out(found.id, at=timezone.now())
    assert sorted({one["rows_done"] for one in told}) == [0, 2, 4, ROWS]
    found.refresh_from_db()
    assert (found.status, found.rows_done) == ("reversed", ROWS)


@pytest.mark.django_db(transaction=True)
def test_the_page_tells_of_how_many(told: list[dict[str, Any]]) -> None:
    found = make_import()
    FileImport.objects.filter(id=found.id).update(rows_done=1500, rows_total=48_000)
    assert "Being read: 1500 of 48000 lines" in shown(found)
    assert 'value="1500" max="48000"' in shown(found)
