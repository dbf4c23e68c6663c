"""Exports on pages and for programs: owner, stranger, staff, bound keys, signed addresses."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.tiers import Tier
from integrations.exports import downloads, nights
from integrations.exports.errors import ExportNotFound
from integrations.models import Export
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, fields_in, key_for
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.exports.desk import LATER, ask, make_ticks, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def paper(alice: User) -> Portfolio:
    return make_portfolio(alice)


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def api(alice: User) -> ApiClient:
    return ApiClient(key_for(alice))


def make_staff() -> User:
    return User.objects.create_user("staff@example.com", tier=Tier.ADMIN, is_staff=True)


def journal_of(portfolio: Portfolio) -> Export:
    now = timezone.now()
    wanted = {"start": now.date(), "end": now.date() + timedelta(days=1)}
    return written(
        ask(portfolio.owner, "journal", portfolio_id=portfolio.id, at=now, **wanted), at=now
    )


def frames_in(content: bytes) -> dict[str, pl.DataFrame]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: pl.read_parquet(archive.read(name)) for name in archive.namelist()}


def content_of(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    assert answer["Content-Type"] == "application/zip"
    return b"".join(answer)


def test_the_page_asks_for_one_and_shows_how_it_fares(page: Client, paper: Portfolio) -> None:
    form = {
        "dataset": "journal",
        "portfolio": str(paper.id),
        "start": "2026-01-01",
        "end": str(timezone.now().date()),
        "columns": "kind, amount",
    }
    assert page.post("/exports", form)["Location"] == "/exports"
    export = Export.objects.get()
    assert (export.columns, export.portfolio) == (["kind", "amount"], paper)
    text = page.get("/exports").content.decode()
    assert "Waiting" in text
    assert 'hx-trigger="every 2s"' in text
    fragment = page.get("/exports", headers={"HX-Request": "true", "HX-Target": "exports"})
    assert b"<html" not in fragment.content


def test_the_page_names_what_is_wrong_at_its_field(page: Client, paper: Portfolio) -> None:
    form = {"dataset": "fills", "start": "2026-02-01", "end": "2026-01-01"}
    refused = page.post("/exports", form | {"portfolio": str(paper.id)})
    assert refused.status_code == 422
    assert b"end was 2026-01-01, must be after start" in refused.content
    assert b"are of a portfolio; name it" in page.post("/exports", form).content


def test_the_page_says_what_a_better_tier_includes(client: Client) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    portfolio = make_portfolio(dora)
    client.force_login(dora)
    form = {"dataset": "fills", "portfolio": str(portfolio.id)}
    form |= {"start": "2026-01-01", "end": "2026-02-01"}
    assert [client.post("/exports", form).status_code for _ in range(3)] == [302, 302, 422]
    text = client.post("/exports", form).content.decode()
    assert "The standard tier includes 2 exports a day." in text
    assert "The premium tier includes 50 exports a day." in text
    assert '<a href="/settings/tiers">' in text


def test_the_owner_fetches_a_zip_of_the_files(page: Client, paper: Portfolio) -> None:
    export = journal_of(paper)
    answer = page.get(f"/exports/{export.id}/download")
    (frame,) = frames_in(content_of(answer)).values()
    assert frame.height == export.rows == 2
    assert set(frame["portfolio_id"]) == {str(paper.id)}
    assert answer["Cache-Control"] == "no-store"
    event = AuditEvent.objects.get(action="export.downloaded")
    assert (event.owner_id, event.target_id) == (paper.owner_id, str(export.id))


def test_it_is_not_fetched_before_it_is_written_and_not_after_it_is_gone(
    page: Client, api: ApiClient, paper: Portfolio, alice: User
) -> None:
    waiting = ask(alice, "fills", portfolio_id=paper.id)
    answer = page.get(f"/exports/{waiting.id}/download", follow=True)
    assert b"are being written" in answer.content
    assert api.get(f"/exports/{waiting.id}").json()["download_url"] is None
    export = journal_of(paper)
    for file in export.files.all():
        (export.folder / file.path).unlink()
    gone = page.get(f"/exports/{export.id}/download", follow=True)
    assert b"not there any more" in gone.content


def test_the_page_deletes(page: Client, paper: Portfolio) -> None:
    export = journal_of(paper)
    page.post(f"/exports/{export.id}/deletion")
    answer = page.get(f"/exports/{export.id}/download", follow=True)
    assert b"not there any more" in answer.content


def test_for_a_stranger_there_is_no_such_export(paper: Portfolio) -> None:
    export = journal_of(paper)
    bob = make_user("bob@example.com", tier=Tier.ADMIN)
    stranger = Client()
    stranger.force_login(bob)
    assert stranger.get(f"/exports/{export.id}/download").status_code == 404
    assert stranger.post(f"/exports/{export.id}/deletion").status_code == 404
    assert stranger.get(f"/operations/exports/{export.id}/download").status_code == 404
    bobs = ApiClient(key_for(bob, scopes=["read", "trade", "admin"]))
    assert bobs.get(f"/exports/{export.id}").status_code == 404
    assert bobs.get(f"/exports/nights/{export.id}").status_code == 404
    assert bobs.send("DELETE", f"/exports/{export.id}", None).status_code == 404
    assert bobs.get("/exports").json()["items"] == []


def test_a_program_asks_follows_and_fetches(api: ApiClient, paper: Portfolio) -> None:
    body = {"dataset": "journal", "portfolio_id": str(paper.id), "start": "2026-01-01"}
    made = api.post("/exports", body | {"end": str(timezone.now().date() + timedelta(days=1))})
    assert made.status_code == 202
    assert made.json()["status"] == "queued"
    written(Export.objects.get(), at=timezone.now())
    told = api.get(f"/exports/{made.json()['id']}").json()
    assert (told["status"], told["rows"], told["parts_done"]) == (
        "completed",
        2,
        told["parts_total"],
    )
    (frame,) = frames_in(content_of(Client().get(told["download_url"]))).values()
    assert frame.height == 2
    assert [file["rows"] for file in told["files"]] == [2]
    assert [one["id"] for one in api.get("/exports").json()["items"]] == [told["id"]]
    assert api.send("DELETE", f"/exports/{told['id']}", None).status_code == 204


def test_the_same_key_asks_once(api: ApiClient, paper: Portfolio) -> None:
    body = {"dataset": "fills", "portfolio_id": str(paper.id)}
    body |= {"start": "2026-01-01", "end": "2026-02-01"}
    first, second = (api.post("/exports", body, key="one").content for _ in range(2))
    assert first == second
    assert Export.objects.count() == 1


def test_a_program_is_told_every_field_that_is_wrong(api: ApiClient, paper: Portfolio) -> None:
    body: dict[str, Any] = {"dataset": "ticks", "start": "2026-01-01", "end": "2026-02-01"}
    refused = api.post("/exports", body | {"interval": "1d", "portfolio_id": str(paper.id)})
    assert refused.status_code == 422
    assert set(fields_in(refused)) == {"symbols", "portfolio_id", "interval"}


def test_a_bound_key_reaches_only_its_portfolios(alice: User, paper: Portfolio) -> None:
    other = make_portfolio(alice, name="Other")
    bound = ApiClient(key_for(alice, portfolio_ids=[other.id]))
    export = journal_of(paper)
    assert bound.get(f"/exports/{export.id}").status_code == 404
    assert bound.get("/exports").json()["items"] == []
    body = {"dataset": "fills", "start": "2026-01-01", "end": "2026-02-01"}
    assert bound.post("/exports", body | {"portfolio_id": str(paper.id)}).status_code == 404
    assert bound.post("/exports", body | {"portfolio_id": str(other.id)}).status_code == 202


def test_an_address_opens_for_minutes_and_only_its_export(
    paper: Portfolio, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = journal_of(paper)
    token = downloads.sign(export)
    assert Client().get(f"/exports/links/{token}").status_code == 200
    assert Client().get(f"/exports/links/{token[:-1]}").status_code == 404
    now, allowed = 1_800_000_000, settings.LIMITS.export_link_seconds
    monkeypatch.setattr("django.core.signing.time.time", lambda: now)
    token = downloads.sign(export)
    now += allowed
    assert downloads.open_address(token) == export
    now += 1
    with pytest.raises(ExportNotFound):
        downloads.open_address(token)


def test_an_address_of_who_was_switched_off_opens_nothing(paper: Portfolio) -> None:
    token = downloads.sign(journal_of(paper))
    User.objects.update(is_active=False)
    assert Client().get(f"/exports/links/{token}").status_code == 404


def test_an_address_of_what_is_not_written_says_so(alice: User, paper: Portfolio) -> None:
    token = downloads.sign(ask(alice, "fills", portfolio_id=paper.id))
    answer = Client().get(f"/exports/links/{token}")
    assert (answer.status_code, answer.content) == (409, b"Its files are being written.\n")


def test_staff_sees_nights_fetches_them_and_that_is_written_down(client: Client) -> None:
    make_ticks(make_instrument())
    staff = make_staff()
    client.force_login(staff)
    nights.request_day(date(2026, 3, 2), at=LATER)
    ticks = Export.objects.nightly().get(dataset="ticks")
    now = timezone.now()
    written(ticks, at=now)
    assert b"2026-03-02" in client.get("/operations/exports").content
    answer = client.get(f"/operations/exports/{ticks.id}/download")
    assert list(frames_in(content_of(answer))) == ["ticks/day=2026-03-02/ticks.parquet"]
    event = AuditEvent.objects.get(action="export.downloaded")
    assert (event.owner_id, event.actor_id) == (None, staff.id)


def test_an_administrator_has_a_day_written(client: Client) -> None:
    client.force_login(make_staff())
    day = timezone.now().date() - timedelta(days=3)
    assert client.post("/operations/exports", {"day": str(day)}).status_code == 302
    assert Export.objects.nightly().filter(start=day).count() == len(nights.WANTED)
    again = client.post("/operations/exports", {"day": str(day)})
    assert b"It is being written" in again.content
    refused = client.post("/operations/exports", {"day": str(timezone.now().date())})
    assert (refused.status_code, b"it must be over" in refused.content) == (422, True)


def test_a_program_of_an_administrator_has_a_day_written() -> None:
    staff = make_staff()
    api = ApiClient(key_for(staff, scopes=["read", "admin"]))
    day = str(timezone.now().date() - timedelta(days=3))
    made = api.post("/exports/nights", {"day": day})
    assert (made.status_code, len(made.json()["items"])) == (202, len(nights.WANTED))
    listed = api.get("/exports/nights").json()["items"]
    assert {one["id"] for one in listed} == {one["id"] for one in made.json()["items"]}
    assert api.get(f"/exports/nights/{listed[0]['id']}").json()["start"] == day
    assert api.post("/exports/nights", {"day": day}).json()["code"] == "export_not_ready"


def test_nobody_else_sees_nights(page: Client, api: ApiClient) -> None:
    assert page.get("/operations/exports").status_code == 404
    assert api.get("/exports/nights").status_code == 403
