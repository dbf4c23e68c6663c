"""What a portfolio is worth between a split and the first trade after it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from market.live.quotes import store_quotes
from market.live.split_moments import SplitMoments
from market.models import Instrument
from market.signals import splits_took_effect
from portfolio import tasks
from portfolio.activities import record_activity
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.valuations.overviews import overviews
from tests.factories import make_instrument, make_quote, make_user
from tests.market.test_split_moments import midnight, split
from tests.portfolio.imports.factories import make_tracked


@pytest.fixture
def apple(db: None) -> Instrument:
    instrument = make_instrument("AAPL")
    before = midnight() - timedelta(hours=8)
    make_quote(instrument, last="400", previous_close="396", occurred_at=before, source="tape")
    return instrument


@pytest.fixture
def portfolio(apple: Instrument) -> Portfolio:
    """Ten shares, and the money for them owed."""
    portfolio = make_tracked(make_user(), "Elsewhere")
    buy = ActivityDraft(
        kind="buy",
        occurred_at=midnight() - timedelta(days=3),
        instrument=apple,
        quantity=Decimal(10),
        unit_price=Decimal(400),
        external_id="bought",
    )
    record_activity(portfolio=portfolio, activity=buy, recorded_at=timezone.now())
    return portfolio


def worth(portfolio: Portfolio) -> Decimal | None:
    (found,) = overviews([portfolio], at=timezone.now())
    return found.market_value


def test_units_of_after_it_are_not_multiplied_by_the_price_of_before(
    portfolio: Portfolio, apple: Instrument
) -> None:
    assert worth(portfolio) == Decimal(4000)
    split(apple)
    assert book_market_actions(portfolio, [apple.id], at=timezone.now()) == 1
    moments = SplitMoments()
    moments.look([apple.id], at=timezone.now())
    for batch in moments.take(lambda _: None):
        store_quotes(batch.quotes)
    assert worth(portfolio) == Decimal(4000)


def test_units_follow_as_soon_as_the_price_does(
    apple: Instrument,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    asked: list[list[int]] = []
    task = tasks.book_market_actions
    monkeypatch.setattr(task, "delay", lambda *, instrument_ids: asked.append(instrument_ids))
    with django_capture_on_commit_callbacks(execute=True):
        splits_took_effect.send(sender=SplitMoments, instrument_ids=[apple.id])
    assert asked == [[apple.id]]
