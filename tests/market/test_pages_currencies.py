"""The page of currencies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PAGE = "/markets/currencies"
FRIDAY = date(2026, 1, 9)


@pytest.fixture
def page(client: Client) -> Client:
    published = [
        PublishedRate("USD", FRIDAY, Decimal("1.25")),
        PublishedRate("GBP", FRIDAY, Decimal("0.8")),
    ]
    store_rates(published, source="ecb", is_authoritative=True, recorded_at=timezone.now())
    client.force_login(make_user())
    return client


def ask(page: Client, *, status: int = 200, **changes: str) -> str:
    query = {"amount": "100", "base": "USD", "quote": "GBP", "date": "2026-01-09"} | changes
    response = page.get(PAGE, query)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_an_amount_is_converted_and_the_rate_named(page: Client) -> None:
    text = ask(page)
    assert "64.00 GBP" in text
    assert "1 USD = 0.64 GBP, published on 2026-01-09." in text


def test_a_carried_rate_says_from_when_it_is(page: Client) -> None:
    assert "carried from Friday, 2026-01-09" in ask(page, date="2026-01-11")


def test_an_outdated_rate_says_how_old_it_is(page: Client) -> None:
    text = ask(page, date="2026-02-08")
    assert "outdated: it is of 2026-01-09, 30 days before" in text
    assert '<span class="badge">outdated</span>' in text


def test_a_missing_rate_is_said_to_be_missing(page: Client) -> None:
    text = ask(page, date="2026-01-08")
    assert "There is no rate from USD to GBP for 2026-01-08" in text
    assert "No rates for that day" in text


def test_the_table_is_of_the_chosen_currency(page: Client) -> None:
    text = ask(page, base="GBX")
    assert "One GBX on 2026-01-09" in text
    assert "0.015625" in text  # dollars


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "-1"},
        {"amount": "much"},
        {"base": "XXX"},
        {"date": "2100-01-01"},
    ],
)
def test_a_bad_question_is_answered_at_its_field(page: Client, changes: dict[str, str]) -> None:
    assert "errors" in ask(page, status=422, **changes)


def test_only_the_answer_is_sent_to_a_script(page: Client) -> None:
    text = page.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<form" not in text
    assert "rates-title" in text


def test_a_desk_without_rates_has_a_page(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(PAGE).status_code == 200


def test_the_palette_leads_there(page: Client) -> None:
    assert PAGE in page.get("/palette?q=convert").content.decode()
