"""Files of prices, dividends and splits are uploaded on the operations pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, User
from config.limits import LIMITS
from market.intake import price_files
from market.models import Bar, CorporateAction, IngestionRun
from market.tasks import run_price_import
from tests.factories import make_instrument

PRICES = """symbol,date,open,high,low,close,volume
AAPL,2020-01-02,10,12,9,11.5,1000
AAPL,2020-01-03,11,10,12,11,1000
NEWB,2020-01-02,10,12,9,11.5,1000
"""
INSTRUMENTS = "symbol,name,exchange_mic,currency\nNEWB,New,XNAS,USD\n"
ACTIONS = "symbol,ex_date,amount_per_share\nAAPL,2020-01-02,0.5\nNOPE,2020-01-02,0.5\n"


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("carol@example.com", "a-long-password"))
    return client


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(run_price_import, "delay", lambda *, run_id: found.append(run_id))
    return found


def upload(client: Client, to: str, **files: str) -> Any:
    sent = {name: SimpleUploadedFile(f"{name}.csv", text.encode()) for name, text in files.items()}
    return client.post(f"/operations/files/{to}", sent)


@pytest.mark.django_db(transaction=True)
def test_prices_are_taken_in_by_a_run_that_says_what_came_of_it(
    admin: Client, queued: list[str]
) -> None:
    make_instrument("AAPL")
    sent = upload(admin, "prices", file=PRICES, instruments=INSTRUMENTS)
    run = IngestionRun.objects.get()
    assert sent.headers["Location"] == f"/operations/runs/{run.id}"
    assert queued == [str(run.id)]
    waiting = admin.get(sent.headers["Location"]).content.decode()
    assert "file.csv" in waiting
    assert "every 1s" in waiting
    assert "carol@example.com" in waiting
    price_files.run_import(UUID(queued[0]))
    assert Bar.objects.count() == 2
    done = admin.get(sent.headers["Location"]).content.decode()
    assert f'/operations/quarantine?run_id={run.id}">1</a>' in done
    assert "every 1s" not in done
    assert AuditEvent.objects.get(action="price_import.started").target_id == str(run.id)


def test_dividends_are_taken_in_at_once(admin: Client) -> None:
    make_instrument("AAPL")
    sent = upload(admin, "corporate-actions", file=ACTIONS)
    run = IngestionRun.objects.get()
    assert sent.headers["Location"] == f"/operations/runs/{run.id}"
    assert CorporateAction.objects.get().amount_per_share is not None
    assert (run.rows_written, run.rows_refused) == (1, 1)
    assert "is taken in" in admin.get(sent.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("to", "text", "words"),
    [
        ("prices", "date,open\n2020-01-02,1\n", "are missing"),
        ("corporate-actions", "symbol\nAAPL\n", "lacks the columns"),
    ],
)
def test_a_file_that_is_none_is_refused_beside_its_field(
    admin: Client, queued: list[str], to: str, text: str, words: str
) -> None:
    sent = upload(admin, to, file=text)
    assert sent.status_code == 422
    assert words in sent.content.decode()
    assert not IngestionRun.objects.exists()
    assert upload(admin, to).status_code == 422


def test_a_file_beyond_the_limit_is_refused(admin: Client) -> None:
    beyond = "x" * (LIMITS.corporate_action_file_bytes + 1)
    sent = upload(admin, "corporate-actions", file=beyond)
    assert sent.status_code == 422
    assert str(LIMITS.corporate_action_file_bytes) in sent.content.decode()


def test_staff_may_look_and_only_administrators_send(staff: Client, queued: list[str]) -> None:
    assert staff.get("/operations/files").status_code == 200
    for to in ("prices", "corporate-actions"):
        assert upload(staff, to, file=PRICES).status_code == 403
    bob = Client()
    bob.force_login(User.objects.create_user("bob@example.com"))
    assert bob.get("/operations/files").status_code == 404
    assert not IngestionRun.objects.exists()
