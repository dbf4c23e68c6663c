"""Dividends and splits on pages: everybody reads, staff change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from tests.factories import MIDNIGHT_IN_NEW_YORK, make_daily_bars, make_instrument, make_user

pytestmark = pytest.mark.django_db

PAGE = "/instruments/AAPL/corporate-actions"
TYPED = {"kind": "dividend", "ex_date": "2026-02-09", "amount_per_share": "0.26", "currency": ""}


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def page(client: Client, apple: Instrument) -> Client:
    client.force_login(make_user())
    return client


def record(instrument: Instrument, **facts: Any) -> CorporateAction:
    defaults: dict[str, Any] = {
        "kind": ActionKind.DIVIDEND,
        "ex_date": date(2026, 1, 6),
        "amount_per_share": Decimal("0.26"),
        "currency": "USD",
    }
    return record_action(
        instrument=instrument,
        facts=ActionFacts(**(defaults | facts)),
        source="staff",
        recorded_at=timezone.now(),
    )


def split(instrument: Instrument, **facts: Any) -> CorporateAction:
    terms = {"kind": ActionKind.SPLIT, "ratio_from": 1, "ratio_to": 4}
    return record(instrument, **({"amount_per_share": None, "currency": ""} | terms | facts))


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_instruments_page_lists_the_newest(page: Client, apple: Instrument) -> None:
    assert "None is known" in text_of(page, "/instruments/AAPL")
    record(apple)
    split(apple)
    text = text_of(page, "/instruments/AAPL")
    assert "Dividends and splits" in text
    assert "0.26 USD" in text
    assert "4 for 1" in text
    assert "All, and changes" not in text


def test_everybody_reads_and_nobody_but_staff_sees_forms(page: Client, apple: Instrument) -> None:
    assert "None is known" in text_of(page, PAGE)
    action = record(apple)
    text = text_of(page, PAGE)
    assert "2026-01-06" in text
    assert "Record one" not in text
    for address in (f"{PAGE}/new", f"/corporate-actions/{action.id}/cancellation"):
        assert page.post(address, TYPED).status_code == 404
    assert page.get(f"/corporate-actions/{action.id}").status_code == 404
    assert CorporateAction.objects.count() == 1


def test_staff_record_a_dividend(staff: Client, apple: Instrument) -> None:
    response = staff.post(f"{PAGE}/new", TYPED)
    assert (response.status_code, response["Location"]) == (302, PAGE)
    action = CorporateAction.objects.get()
    assert (action.amount_per_share, action.currency) == (Decimal("0.26"), "USD")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount_per_share": ""}, "A dividend needs an amount."),
        ({"amount_per_share": "-1"}, "must be &gt; 0"),
        ({"kind": "split"}, "A split needs ratio_from."),
        ({"ex_date": "soon"}, "Enter a valid date."),
        ({"ratio_to": "2"}, "A dividend has no ratio_to."),
    ],
)
def test_what_makes_no_action_is_said_at_its_field(
    staff: Client, apple: Instrument, changes: dict[str, str], words: str
) -> None:
    response = staff.post(f"{PAGE}/new", TYPED | changes)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_second_one_of_the_day_is_refused(staff: Client, apple: Instrument) -> None:
    record(apple, ex_date=date(2026, 2, 9), amount_per_share=Decimal(1))
    response = staff.post(f"{PAGE}/new", TYPED)
    assert response.status_code == 422
    assert "on 2026-02-09 already" in response.content.decode()


def test_staff_correct_and_cancel(staff: Client, apple: Instrument) -> None:
    action = record(apple)
    address = f"/corporate-actions/{action.id}"
    assert 'value="0.26"' in text_of(staff, address)
    assert staff.post(address, TYPED | {"amount_per_share": "0.27"}).status_code == 302
    action.refresh_from_db()
    assert (action.version, action.amount_per_share) == (2, Decimal("0.27"))
    refused = staff.post(address, TYPED | {"kind": "split"})
    assert refused.status_code == 422
    assert staff.post(f"{address}/cancellation").status_code == 302
    text = text_of(staff, PAGE)
    assert '<span class="badge">cancelled</span>' in text
    assert staff.post(address, TYPED | {"amount_per_share": "0.28"}).status_code == 422


def test_what_is_not_there_is_not_found(staff: Client) -> None:
    nobody = "/corporate-actions/0190a5b0-0000-7000-8000-000000000000"
    assert staff.get(nobody).status_code == 404
    assert staff.post(f"{nobody}/cancellation").status_code == 404
    assert staff.get("/instruments/NOPE/corporate-actions").status_code == 404


def test_the_chart_marks_them_and_is_smooth_over_a_split(page: Client, apple: Instrument) -> None:
    make_daily_bars(apple, ["100", "25", "26"])
    day = MIDNIGHT_IN_NEW_YORK.date() + timedelta(days=1)
    split(apple, ex_date=day)
    record(apple, ex_date=day + timedelta(days=1))
    figure = page.get("/instruments/AAPL/chart").json()
    assert figure["data"][0]["close"] == [25.0, 25.0]
    dividends, splits = figure["data"][-2:]
    assert dividends["text"] == [None, None, "Dividend 0.26 USD"]
    assert splits["text"] == [None, "Split 4 for 1", None]
    assert splits["yaxis"] == "y3"
    assert "yaxis3" in figure["layout"]
