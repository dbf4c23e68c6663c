"""How many requests of pages somebody may make, and what he sees beyond."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts import metrics, tiers
from accounts.models import User
from accounts.rate_limits import LOCAL_SHARE, limiter
from accounts.tiers import ALLOWANCES, Tier
from tests.api.clients import ApiClient, key_for
from tests.factories import make_user

pytestmark = pytest.mark.django_db

LIMIT = 20
# What people do at most, with room: clicks, eight windows of live figures, a progress bar.
PEOPLE_NEED = 60 + 8 * 90 + 60


@pytest.fixture
def dora() -> User:
    return make_user("dora@example.com", tier=Tier.STANDARD)


@pytest.fixture
def browser(dora: User, client: Client) -> Client:
    client.force_login(dora)
    return client


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = replace(ALLOWANCES[Tier.STANDARD], page_requests_per_minute=LIMIT)
    monkeypatch.setitem(tiers.ALLOWANCES, Tier.STANDARD, allowed)


@pytest.fixture
def without_valkey(settings: LazySettings) -> Any:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    limiter.forget()
    yield
    limiter.forget()


def visit(browser: Client, times: int, **headers: str) -> list[int]:
    return [browser.get("/alerts", headers=headers).status_code for _ in range(times)]


def test_every_page_tells_the_limit_and_what_is_left(browser: Client) -> None:
    for used in (1, 2):
        answer = browser.get("/settings")
        assert answer["RateLimit-Policy"] == '"standard-pages";q=1200;w=60'
        assert answer["RateLimit"].startswith(f'"standard-pages";r={1200 - used};t=')


def test_people_stay_far_below_in_every_tier() -> None:
    assert min(it.page_requests_per_minute for it in ALLOWANCES.values()) > PEOPLE_NEED


@pytest.mark.usefixtures("few")
def test_the_limit_passes_and_one_beyond_is_a_readable_page(browser: Client) -> None:
    refused = metrics.rate_limit_refusals.labels("standard-pages")
    before = refused._value.get()
    assert visit(browser, LIMIT) == [200] * LIMIT
    answer = browser.get("/alerts")
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert answer["RateLimit"].startswith('"standard-pages";r=0;t=')
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode()
    assert f"Your tier includes {LIMIT} requests of pages a minute" in text
    assert "hx-" not in text  # nothing that fetches more
    assert "<script" not in text
    assert refused._value.get() == before + 1


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("header", [{"hx-request": "true"}, {"accept": "application/json"}])
def test_a_part_of_a_page_gets_a_line_that_is_not_swapped_in(
    browser: Client, header: dict[str, str]
) -> None:
    visit(browser, LIMIT)
    answer = browser.get("/alerts", headers=header)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().startswith("Too many requests; try again in ")


@pytest.mark.usefixtures("few")
def test_beyond_the_limit_nothing_is_changed(browser: Client, dora: User) -> None:
    visit(browser, LIMIT)
    answer = browser.post("/portfolios", {"name": "One more", "kind": "paper"})
    assert answer.status_code == 429
    assert not dora.portfolios.exists()


@pytest.mark.usefixtures("few")
def test_pages_and_programs_do_not_take_each_others(browser: Client, dora: User) -> None:
    visit(browser, LIMIT)
    assert browser.get("/alerts").status_code == 429
    answer = ApiClient(key_for(dora)).get("/me")
    assert answer.status_code == 200
    assert answer["RateLimit"].startswith('"standard";r=59;')


@pytest.mark.usefixtures("few")
def test_all_browsers_of_a_user_share_it_and_nobody_else(browser: Client, dora: User) -> None:
    visit(browser, LIMIT)
    other = Client()
    other.force_login(dora)
    assert other.get("/alerts").status_code == 429
    other.force_login(make_user("eve@example.com", tier=Tier.STANDARD))
    assert other.get("/alerts").status_code == 200


@pytest.mark.usefixtures("few")
def test_who_has_not_signed_in_is_not_counted(client: Client) -> None:
    for _ in range(LIMIT + 1):
        answer = client.get("/")
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
    assert client.get("/alerts").status_code == 302


@pytest.mark.usefixtures("few", "without_valkey")
def test_without_valkey_pages_are_shown_and_a_few_changes_made(browser: Client) -> None:
    assert visit(browser, LIMIT + 5) == [200] * (LIMIT + 5)
    nameless = {"name": ""}
    sent = [browser.post("/portfolios", nameless) for _ in range(LIMIT // LOCAL_SHARE + 1)]
    assert [it.status_code for it in sent] == [422] * (LIMIT // LOCAL_SHARE) + [429]
