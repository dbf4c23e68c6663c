"""Staff keeps the instrument master in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, User
from config.limits import LIMITS
from market.models import Instrument
from tests.factories import make_instrument

HEADER = "symbol,name,exchange_mic,currency\n"
FACTS = {
    "symbol": "acme",
    "name": "Acme",
    "exchange": "XNAS",
    "currency": "usd",
    "asset_class": "stock",
    "tick_size": "0.01",
    "lot_size": "1",
}


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("carol@example.com", "a-long-password"))
    return client


def upload(client: Client, text: str) -> Any:
    file = SimpleUploadedFile("i.csv", text.encode())
    return client.post("/operations/instruments/file", {"file": file})


def outcomes(response: Any) -> list[tuple[int, str, str]]:
    return [(one.line, one.symbol, one.outcome) for one in response.context["outcomes"]]


def test_one_is_listed_corrected_and_taken_out(admin: Client) -> None:
    # The first at its exchange, on a desk that has none.
    assert "XNAS · Nasdaq" in admin.get("/operations/instruments/new").content.decode()
    made = admin.post("/operations/instruments/new", FACTS)
    acme = Instrument.objects.get(symbol="ACME")
    path = f"/operations/instruments/{acme.public_id}"
    assert made.headers["Location"] == path
    assert (acme.currency, acme.exchange_id) == ("USD", "XNAS")
    assert admin.post(path, {"name": "Acme Inc.", "isin": "us0378331005"}).status_code == 302
    admin.post(f"{path}/deactivation")
    admin.post(f"{path}/deactivation")
    acme.refresh_from_db()
    assert (acme.name, acme.isin, acme.is_active) == ("Acme Inc.", "US0378331005", False)
    assert "Activate" in admin.get(path).content.decode()
    admin.post(f"{path}/activation")
    events = AuditEvent.objects.filter(target="instrument").order_by("occurred_at", "id")
    assert list(events.values_list("action", flat=True)) == [
        "instrument.listed",
        "instrument.changed",
        "instrument.deactivated",
        "instrument.activated",
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "A B"}, "symbol"),
        ({"symbol": "BTC/USD"}, "symbol"),
        ({"symbol": "AAPL"}, "symbol"),
        ({"name": ""}, "name"),
        ({"exchange": "XXXX"}, "exchange"),
        ({"currency": "dollars"}, "currency"),
        ({"isin": "nonsense"}, "isin"),
        ({"tick_size": "0"}, "tick_size"),
        ({"tick_size": "0.00001"}, "tick_size"),
        ({"lot_size": "-1"}, "lot_size"),
    ],
)
def test_what_cannot_be_listed_is_refused(
    admin: Client, changes: dict[str, str], field: str
) -> None:
    make_instrument("AAPL")
    response = admin.post("/operations/instruments/new", FACTS | changes)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert Instrument.objects.count() == 1


def test_the_list_is_searched(admin: Client) -> None:
    make_instrument("AAPL", name="Apple")
    old = make_instrument("OLD", name="Old Corp", mic="XNYS")
    Instrument.objects.filter(id=old.id).update(is_active=False)

    def symbols(**query: str) -> list[str]:
        found = admin.get("/operations/instruments", query).context["found"]
        return [one.symbol for one in found]

    assert symbols() == ["AAPL", "OLD"]
    assert symbols(search="corp") == ["OLD"]
    assert symbols(active="yes") == ["AAPL"]
    assert symbols(exchange="xnys", active="no") == ["OLD"]


def test_a_file_tells_what_became_of_each_row(admin: Client) -> None:
    make_instrument("AAPL", name="Apple")
    make_instrument("MSFT", name="Old name")
    rows = "AAPL,Apple,XNAS,USD\nMSFT,Microsoft,XNAS,USD\nNEW,New,XNAS,USD\n"
    done = upload(admin, HEADER + rows)
    assert done.status_code == 200
    assert outcomes(done) == [
        (3, "MSFT", "changed"),
        (4, "NEW", "created"),
        (2, "AAPL", "unchanged"),
    ]
    event = AuditEvent.objects.get(action="instrument.imported")
    assert event.after == {"rows": 3, "unchanged": 1, "changed": 1, "created": 1}
    again = upload(admin, HEADER + rows)
    assert {outcome for _, _, outcome in outcomes(again)} == {"unchanged"}
    assert AuditEvent.objects.filter(action="instrument.imported").count() == 1


def test_every_symbol_a_file_may_have_has_a_page(admin: Client) -> None:
    for symbol in ("BTC/USD", ".", "^GSPC", "EURUSD=X", "BRK.B", "BF-B"):
        upload(admin, HEADER + f"{symbol},Something,XNAS,USD\n")
    assert admin.get("/instruments").status_code == 200
    listed = Instrument.objects.values_list("symbol", flat=True)
    assert sorted(listed) == ["BF-B", "BRK.B", "EURUSD=X", "^GSPC"]
    for symbol in listed:
        assert admin.get(f"/instruments/{symbol}").status_code == 200


def test_wrong_rows_are_named_and_nothing_is_changed(admin: Client) -> None:
    rows = "GOOD,Good,XNAS,USD\nA B,Bad,XNAS,USD\nBAD,Bad,XXXX,USD\n"
    refused = upload(admin, HEADER + rows)
    assert refused.status_code == 422
    assert outcomes(refused) == [(3, "A B", "refused"), (4, "BAD", "refused")]
    assert not Instrument.objects.exists()


def test_what_is_no_file_of_instruments_is_refused(admin: Client) -> None:
    for text in ("symbol\nAAPL\n", "\xff\0", ""):
        assert upload(admin, text).status_code == 422
    assert admin.post("/operations/instruments/file", {}).status_code == 422


def test_a_file_at_the_limit_is_taken_and_one_beyond_is_not(admin: Client, settings: Any) -> None:
    text = HEADER + "NEW,New,XNAS,USD\n"
    settings.LIMITS = replace(LIMITS, instrument_file_bytes=len(text))
    assert upload(admin, text).status_code == 200
    assert upload(admin, text + "\n").status_code == 422


def test_staff_without_the_admin_tier_looks_and_changes_nothing(staff: Client) -> None:
    apple = make_instrument("AAPL", name="Apple")
    path = f"/operations/instruments/{apple.public_id}"
    assert staff.get(path).status_code == 200
    assert staff.post(path, {"name": "Mine"}).status_code == 403
    assert staff.post(f"{path}/deactivation").status_code == 403
    assert staff.post("/operations/instruments/new", FACTS).status_code == 403
    assert upload(staff, HEADER).status_code == 403
    apple.refresh_from_db()
    assert (apple.name, apple.is_active) == ("Apple", True)


def test_djangos_admin_corrects_by_the_operation(admin: Client) -> None:
    apple = make_instrument("AAPL", name="Apple")
    path = f"/admin/market/instrument/{apple.id}/change/"
    form = {"name": "Apple Inc.", "isin": "", "country": "", "sector": "", "industry": ""}
    assert admin.post(path, form | {"is_active": "on"}).status_code == 302
    event = AuditEvent.objects.get(action="instrument.changed")
    assert (event.via, event.after) == (
        "admin",
        {"symbol": "AAPL", "name": "Apple Inc.", "sector": ""},
    )


ADMIN_FACTS = {
    "symbol": "new",
    "name": "New Corp",
    "currency": "usd",
    "asset_class": "stock",
    "isin": "",
    "country": "us",
    "sector": "",
    "industry": "",
    "tick_size": "0.01",
    "lot_size": "1",
    "provider_symbols": "yahoo=NEW-1",
}


def test_djangos_admin_lists_by_the_operation(admin: Client) -> None:
    assert "XNAS · Nasdaq" in admin.get("/admin/market/instrument/add/").content.decode()
    made = admin.post("/admin/market/instrument/add/", ADMIN_FACTS | {"exchange": "XNAS"})
    assert made.status_code == 302
    new = Instrument.objects.get()
    assert (new.symbol, new.currency, new.country, new.is_active) == ("NEW", "USD", "US", True)
    event = AuditEvent.objects.get(action="instrument.listed")
    assert (event.via, event.target_id) == ("admin", str(new.public_id))


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": "A B"},
        {"symbol": "BTC/USD"},
        {"isin": "12"},
        {"currency": "EURO"},
        {"tick_size": "0"},
        {"exchange": "XXXX"},
        {"symbol": "AAPL"},
    ],
)
def test_djangos_admin_refuses_what_the_page_refuses(admin: Client, wrong: dict[str, str]) -> None:
    facts = ADMIN_FACTS | {"exchange": "XNAS"} | wrong
    make_instrument("AAPL", mic="XNAS")
    assert admin.post("/admin/market/instrument/add/", facts).status_code == 200
    assert Instrument.objects.count() == 1


def test_djangos_admin_takes_out_of_trading_and_leads_to_the_file(admin: Client) -> None:
    apple, microsoft = make_instrument("AAPL"), make_instrument("MSFT")
    chosen = {"_selected_action": [apple.id, microsoft.id]}
    page = "/admin/market/instrument/"
    assert "/operations/instruments/file" in admin.get(page).content.decode()
    assert admin.post(page, chosen | {"action": "deactivate"}).status_code == 302
    assert not Instrument.objects.active().exists()
    assert AuditEvent.objects.filter(action="instrument.deactivated", via="admin").count() == 2
    assert admin.post(page, chosen | {"action": "activate"}).status_code == 302
    assert Instrument.objects.active().count() == 2
