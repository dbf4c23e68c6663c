"""Staff looks at refused rows in pages, and judges them."""

from __future__ import annotations

from django.test import Client

from accounts.models import User
from market.intake.ingestion import store_ticks
from market.intake.refused_prices import RefusedQuote
from market.models import Bar, QuarantinedRow, QuoteSnapshot
from tests.market.factories import HIGH_TOO_LOW as RAW
from tests.market.factories import NOON, make_instrument, make_quote
from tests.market.factories import make_quarantined_row as make_row


def test_the_list_shows_what_waits_and_is_filtered(staff: Client) -> None:
    make_row()
    make_row(line=3, code="spike", symbol="MSFT")

    def lines(**query: str) -> list[int]:
        found = staff.get("/operations/quarantine", query).context["found"]
        return [row.line for row in found]

    assert lines() == [3, 2]
    assert lines(code="spike") == [3]
    assert lines(symbol="aapl") == [2]
    assert lines(status="released") == []
    assert lines(status="") == [3, 2]
    assert lines(provider="nobody") == []
    assert lines(run_id=str(QuarantinedRow.objects.all()[0].run_id)) == [3, 2]
    assert lines(run_id="nonsense") == [3, 2]


def test_a_row_is_corrected_and_released(staff: Client) -> None:
    make_instrument("AAPL")
    row = make_row()
    path = f"/operations/quarantine/{row.id}"
    assert "Release" in staff.get(path).content.decode()
    refused = staff.post(path, RAW)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["high"])
    assert not Bar.objects.exists()
    assert staff.post(path, RAW | {"high": "12"}).headers["Location"] == path
    assert Bar.objects.get().high == 12
    shown = staff.get(path).content.decode()
    assert "sam@example.com" in shown
    assert "Release</button>" not in shown
    staff.post(f"{path}/rejection")
    row.refresh_from_db()
    assert row.status == "released"


def test_a_live_quote_is_released_as_it_is(staff: Client) -> None:
    far = RefusedQuote(make_quote(make_instrument("AAPL"), "900"), "spike", "far off")
    store_ticks((), received_at=NOON, kept_out=[far])
    path = f"/operations/quarantine/{QuarantinedRow.objects.get().id}"
    page = staff.get(path).content.decode()
    assert "Confirm</button>" in page
    assert "unless a later price came" in page
    assert staff.post(path).headers["Location"] == path
    assert QuoteSnapshot.objects.get().last == 900


def test_a_row_is_rejected(staff: Client) -> None:
    row = make_row(code="spike")
    assert "Confirm" in staff.get(f"/operations/quarantine/{row.id}").content.decode()
    staff.post(f"/operations/quarantine/{row.id}/rejection")
    row.refresh_from_db()
    assert row.status == "rejected"
    late = staff.post(f"/operations/quarantine/{row.id}", RAW | {"high": "12"})
    assert late.status_code == 422


def test_nobody_else_sees_or_judges(db: None) -> None:
    row = make_row()
    bob = Client()
    bob.force_login(User.objects.create_user("bob@example.com"))
    path = f"/operations/quarantine/{row.id}"
    assert bob.get("/operations/quarantine").status_code == 404
    assert bob.post(path, RAW).status_code == 404
    assert bob.post(f"{path}/rejection").status_code == 404
    assert Client().get(path).status_code == 302
    row.refresh_from_db()
    assert row.status == "waiting"
