"""Exchange rates that were refused at the door are judged as other rows are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from market.currencies.rate_intake import load_rates
from market.currencies.rate_sheets import RateSheet, read_sheet
from market.intake.quarantine import ReleaseRefused, reject_row, release_row
from market.models import EuroRate, EuroRateRevision, QuarantinedRow
from tests.api.clients import ApiClient, key_for

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 10, tzinfo=UTC)
DAY = date(2026, 1, 9)
SAM = uuid4()
CELLS = "Date,USD,GBP,\n2026-01-09,zero,none,\n2026-01-08,1.24,0.8,\n"
LINE = "Date,USD,GBP,JPY\n9 January,1.25,0.8,N/A\n"


class Bank:
    source = "ecb"
    is_authoritative = True

    def __init__(self, text: str) -> None:
        self.text = text

    def fetch(self) -> RateSheet:
        return read_sheet(self.text)


def refused(text: str) -> list[QuarantinedRow]:
    load_rates(Bank(text), clock=lambda: NOW)
    return list(QuarantinedRow.objects.order_by("id"))


def release(row: QuarantinedRow, **corrections: str) -> QuarantinedRow:
    return release_row(row.id, corrections=corrections, released_by_id=SAM, released_at=NOW)


def test_a_corrected_cell_is_stored_as_its_sources_and_judged_by_itself() -> None:
    dollar, pound = refused(CELLS)
    assert (dollar.kind, dollar.raw["per_euro"]) == ("rate", "zero")
    assert release(dollar, per_euro="1.25").status == "released"
    stored = EuroRate.objects.get(on_date=DAY)
    assert (stored.currency, stored.per_euro, stored.source) == ("USD", Decimal("1.25"), "ecb")
    pound.refresh_from_db()
    assert pound.status == "waiting"
    reject_row(pound.id, rejected_by_id=SAM, rejected_at=NOW)
    dollar.refresh_from_db()
    assert dollar.status == "released"
    assert release(dollar, per_euro="9").status == "released"
    assert not EuroRateRevision.objects.exists()


def test_a_line_is_released_whole_once_it_has_a_date() -> None:
    (line,) = refused(LINE)
    with pytest.raises(ReleaseRefused):
        release(line)
    release(line, date="2026-01-09")
    rates = dict(EuroRate.objects.filter(on_date=DAY).values_list("currency", "per_euro"))
    assert rates == {"USD": Decimal("1.25"), "GBP": Decimal("0.8")}


@pytest.mark.parametrize(
    ("corrections", "field"),
    [
        ({}, "per_euro"),
        ({"per_euro": "0"}, "per_euro"),
        ({"per_euro": "1.123456789"}, "per_euro"),
        ({"per_euro": "1.2", "currency": "dollar"}, "currency"),
        ({"per_euro": "1.2", "date": "2026-01-11"}, "date"),
        ({"per_euro": "1.2", "date": "1998-12-31"}, "date"),
        ({"per_euro": "1.2", "date": "soon"}, "date"),
    ],
)
def test_what_cannot_be_true_is_not_released(corrections: dict[str, str], field: str) -> None:
    row = refused(CELLS)[0]
    with pytest.raises(ReleaseRefused) as caught:
        release(row, **corrections)
    assert field in {problem.field for problem in caught.value.problems}
    assert not EuroRate.objects.filter(on_date=DAY).exists()


def test_the_same_table_again_refuses_nothing_twice() -> None:
    first = refused(CELLS)
    reject_row(first[0].id, rejected_by_id=SAM, rejected_at=NOW)
    assert refused(CELLS) == first
    assert len(refused(CELLS.replace("zero", "naught"))) == 3


def test_staff_corrects_a_rate_on_its_page(staff: Client) -> None:
    row = refused(CELLS)[0]
    path = f"/operations/quarantine/{row.id}"
    assert "USD, line 2" in staff.get(path).content.decode()
    assert "USD" in staff.get("/operations/quarantine").content.decode()
    sent = {"date": "2026-01-09", "currency": "USD", "per_euro": "1.25"}
    assert staff.post(path, sent).status_code == 302
    assert EuroRate.objects.get(on_date=DAY).per_euro == Decimal("1.25")


def test_programs_correct_a_cell_and_a_line() -> None:
    carol = User.objects.create_user("carol@example.com", tier="admin", is_staff=True)
    admin = ApiClient(key_for(carol, scopes=("read", "admin")))
    row = refused(CELLS)[0]
    answer = admin.post(f"/quarantined-rows/{row.id}/release", {"per_euro": "1.25"})
    assert (answer.status_code, answer.json()["status"]) == (200, "released"), answer.content
    line = refused(LINE.replace("0.8", "x"))[-1]
    path = f"/quarantined-rows/{line.id}/release"
    assert admin.post(path, {"date": "2026-01-07"}).status_code == 422
    given = {"date": "2026-01-07", "rates": {"GBP": "0.81"}}
    assert admin.post(path, given).status_code == 200
    assert EuroRate.objects.get(currency="GBP", on_date="2026-01-07").per_euro == Decimal("0.81")
