"""Rates between currencies through the API."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from tests.api.clients import ApiClient, all_items, fields_in

FRIDAY = date(2026, 1, 9)
PATH = "/exchange-rates"


@pytest.fixture(autouse=True)
def rates(db: None) -> None:
    published = [
        PublishedRate("USD", FRIDAY, Decimal("1.25")),
        PublishedRate("GBP", FRIDAY, Decimal("0.8")),
        PublishedRate("USD", FRIDAY + timedelta(days=3), Decimal("1.26")),
    ]
    store_rates(published, source="ecb", is_authoritative=True, recorded_at=timezone.now())


def test_the_rate_of_a_date_has_its_shape(api: ApiClient) -> None:
    answer = api.get(PATH, base="USD", quote="GBP", date="2026-01-09").json()
    assert answer == {
        "items": [
            {
                "base": "USD",
                "quote": "GBP",
                "date": "2026-01-09",
                "rate": "0.64",
                "rate_date": "2026-01-09",
                "basis": "published",
                "age_days": 0,
                "reason": None,
            }
        ],
        "next_cursor": None,
    }


def test_a_weekend_says_that_its_rate_is_carried(api: ApiClient) -> None:
    (item,) = api.get(PATH, base="USD", quote="EUR", date="2026-01-10").json()["items"]
    assert (item["basis"], item["rate_date"], item["age_days"]) == ("carried", "2026-01-09", 1)


def test_a_span_has_each_of_its_days_in_pages(api: ApiClient) -> None:
    query = {"base": "EUR", "quote": "USD", "start": "2026-01-08", "end": "2026-01-12", "limit": 2}
    first = api.get(PATH, **query).json()
    assert [item["date"] for item in first["items"]] == ["2026-01-08", "2026-01-09"]
    assert (first["items"][0]["rate"], first["items"][0]["reason"]) == (None, "no_rates")
    items = all_items(api, PATH, **query)
    assert [item["rate"] for item in items] == [None, "1.25", "1.25", "1.25", "1.26"]
    assert [item["basis"] for item in items] == [
        *(None, "published", "carried", "carried", "published")
    ]


def test_hundredths_are_of_their_major_unit(api: ApiClient) -> None:
    (item,) = api.get(PATH, base="GBX", quote="GBP", date="2026-01-09").json()["items"]
    assert (item["rate"], item["basis"]) == ("0.01", "fixed")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"base": "USD"}, 422, "invalid"),
        ({"base": "usd", "quote": "EUR"}, 422, "invalid"),
        ({"base": "USD", "quote": "XXX"}, 404, "unknown_currency"),
        ({"base": "XXX", "quote": "XXX"}, 404, "unknown_currency"),
        ({"base": "USD", "quote": "EUR", "date": "2026-01-08"}, 404, "rate_missing"),
        ({"base": "USD", "quote": "EUR", "date": "x"}, 422, "invalid"),
        ({"base": "USD", "quote": "EUR", "start": "2026-01-09", "cursor": "x"}, 400, "bad_cursor"),
    ],
)
def test_a_bad_question_is_answered_clearly(
    api: ApiClient, query: dict[str, str], status: int, code: str
) -> None:
    response = api.get(PATH, **query)
    assert (response.status_code, response.json()["code"]) == (status, code), response.content


def test_dates_that_contradict_each_other_or_lie_ahead_are_named(api: ApiClient) -> None:
    pair = {"base": "USD", "quote": "EUR"}
    tomorrow = timezone.now().date() + timedelta(days=1)
    assert set(fields_in(api.get(PATH, **pair, date="2026-01-09", start="2026-01-09"))) == {"date"}
    assert set(fields_in(api.get(PATH, **pair, end="2026-01-09"))) == {"start"}
    assert set(fields_in(api.get(PATH, **pair, date=tomorrow))) == {"date"}
    assert set(fields_in(api.get(PATH, **pair, start="2026-01-09", end="2026-01-08"))) == {"end"}


def test_a_span_is_limited(api: ApiClient) -> None:
    end = date(2026, 1, 9)
    start = end - timedelta(days=settings.LIMITS.exchange_rate_span_days)
    query = {"base": "USD", "quote": "EUR", "end": end, "limit": 1}
    assert api.get(PATH, **query, start=start).status_code == 200
    assert set(fields_in(api.get(PATH, **query, start=start - timedelta(days=1)))) == {"end"}


def test_currencies_are_listed(api: ApiClient) -> None:
    items = {item["code"]: item for item in api.get("/currencies").json()["items"]}
    assert list(items) == ["EUR", "GBP", "GBX", "USD"]
    assert items["GBX"]["hundredth_of"] == "GBP"
    assert items["USD"]["latest_date"] == "2026-01-12"
    assert items["EUR"]["first_date"] is None


@pytest.mark.parametrize("path", [PATH, "/currencies"])
def test_strangers_get_nothing(anonymous: Client, path: str) -> None:
    assert anonymous.get(f"/api/v1{path}").status_code == 401
