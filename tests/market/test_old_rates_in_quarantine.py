"""Rates that were refused before their cells were kept are released with what is known of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from market.intake.quarantine import NotReleasable, ReleaseRefused, release_row
from market.models import EuroRate, IngestionRun, QuarantinedRow
from tests.api.clients import ApiClient, key_for

pytestmark = pytest.mark.django_db
MIGRATION = import_module("market.migrations.0022_name_old_rates_in_quarantine")
NOW = datetime(2026, 1, 10, tzinfo=UTC)
SAM = uuid4()


def make_old_row(code: str, message: str, *, of: str = "exchange rates") -> QuarantinedRow:
    run, _ = IngestionRun.objects.get_or_create(provider="ecb", source_name=of)
    line = 2 + QuarantinedRow.objects.count()
    return QuarantinedRow.objects.create(
        run=run, line=line, kind="other", code=code, message=message, raw={}
    )


def migrate(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def read(row: QuarantinedRow) -> tuple[str, object]:
    row.refresh_from_db()
    return row.kind, row.raw


def test_a_cell_is_named_as_far_as_it_is_known_and_released_with_its_date() -> None:
    cell = make_old_row("bad_rate_USD", "USD was 'zero', must be a number > 0")
    quoted = make_old_row("bad_rate_GBP", 'GBP was "o\'8", must be a number > 0')
    line = make_old_row("bad_line", "Invalid isoformat string: '9 January'")
    other = make_old_row("bad_rate_USD", "USD was 'zero', must be a number > 0", of="dividends")
    migrate(MIGRATION.NAME_RATES)
    said = {"date": "", "currency": "USD", "per_euro": "zero"}
    assert read(cell) == ("rate", said)
    assert read(quoted) == ("rate", said | {"currency": "GBP", "per_euro": "o'8"})
    assert read(line) == read(other) == ("other", {})

    def release(**corrections: str) -> str:
        judged = {"released_by_id": SAM, "released_at": NOW}
        return release_row(cell.id, corrections=corrections, **judged).status  # type: ignore[arg-type]

    with pytest.raises(ReleaseRefused) as refused:
        release(per_euro="1.25")
    assert [(one.field, one.code) for one in refused.value.problems] == [("date", "missing_value")]
    assert release(per_euro="1.25", date="2026-01-09") == "released"
    stored = EuroRate.objects.get()
    assert (stored.currency, stored.per_euro, stored.source) == ("USD", Decimal("1.25"), "ecb")
    migrate(MIGRATION.FORGET_THEM)
    assert read(quoted) == ("other", {})
    assert read(cell) == ("rate", said)


def test_of_a_line_of_which_nothing_was_kept_page_and_program_hear_why(staff: Client) -> None:
    line = make_old_row("bad_line", "Invalid isoformat string: '9 January'")
    migrate(MIGRATION.NAME_RATES)
    page = staff.get(f"/operations/quarantine/{line.id}").content.decode()
    assert "What this line said was not kept" in page
    assert "Release</button>" not in page
    with pytest.raises(NotReleasable, match="not kept"):
        release_row(line.id, corrections={}, released_by_id=SAM, released_at=NOW)
    carol = User.objects.create_user("carol@example.com", tier="admin", is_staff=True)
    admin = ApiClient(key_for(carol, scopes=("read", "admin")))
    refused = admin.post(f"/quarantined-rows/{line.id}/release", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_releasable")
    assert "not kept" in refused.json()["detail"]


def test_what_is_no_price_says_where_it_is_corrected(staff: Client) -> None:
    dividend = make_old_row("bad_amount", "amount was x")
    dividend.raw = {"symbol": "AAPL", "amount": "x"}
    dividend.save()
    page = staff.get(f"/operations/quarantine/{dividend.id}").content.decode()
    assert "Only prices and rates can be released" in page
