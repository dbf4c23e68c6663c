"""What providers call an instrument, kept as one text."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from market.errors import UnreadableFile
from market.instruments.instrument_files import import_instruments
from market.instruments.provider_symbols import own_symbol, tidy
from market.models import Instrument
from tests.market.factories import NOON, make_exchange, make_instrument


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("", ""),
        ("yahoo=BRK-B", "yahoo=BRK-B"),
        (" yahoo=BRK-B,alpaca=BRK.B ", "alpaca=BRK.B yahoo=BRK-B"),
        ("yahoo=EURUSD=X", "yahoo=EURUSD=X"),
        ("yahoo=" + "A" * 40, "yahoo=" + "A" * 40),
    ],
)
def test_there_is_one_form(text: str, tidied: str) -> None:
    assert tidy(text) == tidied
    assert tidy(tidied) == tidied


@pytest.mark.parametrize(
    "text",
    [
        "BRK-B",
        "yahoo=",
        "=BRK-B",
        "Yahoo=A",
        "yahoo=A yahoo=B",
        "yahoo=" + "A" * 41,
        " ".join(f"p{number}={'A' * 36}" for number in range(6)),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|twice"):
        tidy(text)


def test_a_provider_without_a_symbol_of_its_own_has_none() -> None:
    assert own_symbol("alpaca=BRK.B yahoo=BRK-B", "yahoo") == "BRK-B"
    assert own_symbol("alpaca=BRK.B", "yahoo") is None


@pytest.mark.django_db
def test_pages_and_files_keep_them_in_that_form(tmp_path: Path) -> None:
    make_exchange("XNAS")
    admin = Client()
    admin.force_login(User.objects.create_superuser("carol@example.com", "a-long-password"))
    stock = make_instrument("BRK.B", mic="XNAS")
    path = f"/operations/instruments/{stock.public_id}"
    facts = {"name": "Berkshire", "provider_symbols": "yahoo=BRK-B, alpaca=BRK.B"}
    assert admin.post(path, facts).status_code == 302
    stock.refresh_from_db()
    assert stock.provider_symbols == "alpaca=BRK.B yahoo=BRK-B"
    event = AuditEvent.objects.get(action="instrument.changed")
    assert event.after is not None
    assert event.after["provider_symbols"] == stock.provider_symbols
    assert "alpaca=BRK.B yahoo=BRK-B" in admin.get(path).content.decode()
    wrong = admin.post(path, facts | {"provider_symbols": "BRK-B"})
    assert (wrong.status_code, "provider_symbols" in wrong.context["form"].errors) == (422, True)

    file = tmp_path / "instruments.csv"
    header = "symbol,name,exchange_mic,currency,provider_symbols\n"
    file.write_text(f"{header}BRK.B,Berkshire,XNAS,USD,yahoo=BRK-B\n")
    import_instruments(file, imported_at=NOON)
    assert Instrument.objects.get().provider_symbols == "yahoo=BRK-B"
    file.write_text(f"{header}BRK.B,Berkshire,XNAS,USD,BRK-B\n")
    with pytest.raises(UnreadableFile, match="line 2"):
        import_instruments(file, imported_at=NOON)
