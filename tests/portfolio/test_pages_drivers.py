"""What made the worth change over a range, in parts that add up to the cent."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activities
from portfolio.charts import change_bar
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.returns.drivers import Drivers
from portfolio.returns.shown_drivers import shown_drivers, shown_terms
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

DAYS_HELD = 8
GAINS = ("realised_gain", "unrealised_gain", "income", "fees", "taxes", "currency_effect")
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=10)


def noon_ago(days: int) -> datetime:
    day = timezone.now().date() - timedelta(days=days)
    return datetime.combine(day, time(12), tzinfo=UTC)


@pytest.fixture
def apple() -> Instrument:
    """It closed at 100 when it was bought, and a dollar higher each day; it is at 110 now."""
    instrument = make_instrument("AAPL")
    closes = [100 + day for day in range(DAYS_HELD + 1)]
    make_daily_bars(instrument, closes, first_at=noon_ago(DAYS_HELD))
    make_quote(instrument, last="110", previous_close="107")
    return instrument


@pytest.fixture
def portfolio(alice: User, apple: Instrument) -> Portfolio:
    opened = make_tracked(alice, name="Savings", cash="10000", opened_at=noon_ago(DAYS_HELD))
    bought = draft_trade(opened, apple, fees="3", at=noon_ago(DAYS_HELD), is_settled=True)
    post(bought)
    drafts = [
        ActivityDraft(
            kind="dividend", occurred_at=noon_ago(3), instrument=apple, amount=Decimal(12)
        ),
        ActivityDraft(kind="fee", occurred_at=noon_ago(2), amount=Decimal(5)),
        ActivityDraft(kind="deposit", occurred_at=timezone.now(), amount=Decimal(500)),
    ]
    record_activities(portfolio=opened, activities=drafts, recorded_at=timezone.now())
    return opened


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "start", "parts"),  # flows, market, income, fees
    [
        ("1d", 10_074, (500, 30, 0, 0)),
        ("1w", 10_007, (500, 90, 12, -5)),
        ("max", 0, (10_500, 100, 12, -8)),
        ("nonsense", 0, (10_500, 100, 12, -8)),
    ],
)
def test_the_parts_of_a_range_lead_from_its_start_to_now(
    browser: Client, portfolio: Portfolio, key: str, start: int, parts: tuple[int, ...]
) -> None:
    answer = browser.get(f"/portfolios/{portfolio.id}/drivers?range={key}")
    shown = answer.context["drivers"]
    told = dict(zip(("flows", "market", "income", "fees"), parts, strict=True))
    assert (shown.start_value, shown.end_value) == (start, 10_604)
    assert shown.parts == {**told, "taxes": 0, "currency": 0}
    assert shown.gain == sum(parts[1:])
    page = answer.content.decode()
    assert "<html" not in page
    assert f"+${parts[1]}.00" in page
    assert "unexplained" not in page
    assert "Taxes" not in page


@pytest.mark.django_db
def test_a_start_without_a_price_is_said(
    browser: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    unpriced = make_instrument("ZZZ")
    post(draft_trade(portfolio, unpriced, quantity="1", at=noon_ago(3), is_settled=True))
    make_quote(unpriced, last="110")
    page = browser.get(f"/portfolios/{portfolio.id}/drivers?range=1d").content.decode()
    assert "A holding had no price at the start." in page
    assert "cannot be told" in page


@pytest.mark.django_db
def test_the_drivers_of_a_stranger_do_not_exist(client: Client, portfolio: Portfolio) -> None:
    path = f"/portfolios/{portfolio.id}/drivers"
    assert client.get(path).status_code == 302
    client.force_login(make_user("charlie@example.com"))
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 405


@given(st.fixed_dictionaries(dict.fromkeys(GAINS, amounts)), amounts, amounts)
def test_what_is_shown_adds_up_to_the_cent(
    gains: dict[str, Decimal], inflow: Decimal, gap: Decimal
) -> None:
    charges = gains["fees"] + gains["taxes"]
    end = Decimal("0.005") + inflow + sum(gains.values()) - 2 * charges + gap
    found = Drivers(
        start_value=Decimal("0.005"),
        end_value=end,
        inflow=inflow,
        outflow=Decimal(0),
        trade_fees=Decimal("1.005"),
        **gains,
    )
    shown = shown_drivers(found, places=2)
    assert shown.start_value + sum(shown.parts.values()) + shown.unexplained == shown.end_value
    assert abs(shown.parts["market"] - found.market_gain) < Decimal("0.05")
    assert all(part == round(part, 2) for part in shown.parts.values())
    terms = asdict(shown_terms(found, places=2))
    end_value = terms.pop("end_value")
    assert sum(terms.values()) == end_value == shown.end_value
    assert terms["unexplained"] == shown.unexplained
    assert all(term == round(term, 2) for term in terms.values())


def test_a_bar_holds_its_parts_by_their_size() -> None:
    parts = change_bar({"flows": Decimal(60), "market": Decimal(20), "fees": Decimal(-20)})
    assert [(part.name, part.x, part.width) for part in parts] == [
        ("fees", "0.0", "200.0"),
        ("flows", "200.0", "600.0"),
        ("market", "800.0", "200.0"),
    ]
    assert change_bar({"flows": Decimal(0)}) == []
