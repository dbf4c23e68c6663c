"""Quotes over the moment a split takes effect, while nobody trades."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from queue import SimpleQueue

import pytest
from django.utils import timezone

from market import calendar
from market.corporate_actions.actions import cancel_action, record_action
from market.corporate_actions.facts import ActionFacts
from market.intake.providers import PriceBatch
from market.live.live_quotes import latest_quote
from market.live.quotes import store_quotes
from market.live.split_moments import SplitMoments
from market.models import CorporateAction, Instrument, QuoteSnapshot
from market.models.corporate_actions import ActionKind
from market.signals import splits_took_effect
from market.values import QuoteValue
from tests.factories import make_instrument, make_quote
from tests.market.test_price_door import running_feed
from tests.support.desk import wait_until

ZONE = "America/New_York"


def midnight() -> datetime:
    return calendar.local_midnight(calendar.local_date(timezone.now(), ZONE), ZONE)


@pytest.fixture
def apple(db: None) -> Instrument:
    """An instrument that traded eight hours before this day began where it is listed."""
    instrument = make_instrument("AAPL")
    make_quote(
        instrument,
        last="400",
        previous_close="396",
        occurred_at=midnight() - timedelta(hours=8),
        source="tape",
    )
    return instrument


@pytest.fixture
def told() -> Iterator[list[list[int]]]:
    """The instruments of each signal."""
    heard: list[list[int]] = []

    def note(*, instrument_ids: list[int], **_: object) -> None:
        heard.append(instrument_ids)

    splits_took_effect.connect(note)
    yield heard
    splits_took_effect.disconnect(note)


def split(instrument: Instrument, *, ratio_to: int = 4, days: int = 0) -> CorporateAction:
    ex_date = calendar.local_date(timezone.now(), ZONE) + timedelta(days=days)
    return record_action(
        instrument=instrument,
        facts=ActionFacts(kind=ActionKind.SPLIT, ex_date=ex_date, ratio_from=1, ratio_to=ratio_to),
        source="staff",
        recorded_at=timezone.now(),
    )


def nothing_published(instrument_id: int) -> None:
    del instrument_id


def found_by(moments: SplitMoments, instrument: Instrument) -> list[QuoteValue]:
    moments.look([instrument.id], at=timezone.now())
    return [quote for batch in moments.take(nothing_published) for quote in batch.quotes]


def test_the_newest_quote_of_before_is_told_in_shares_of_now(apple: Instrument) -> None:
    split(apple)
    (quote,) = found_by(SplitMoments(), apple)
    assert (quote.last, quote.previous_close) == (Decimal(100), Decimal(99))
    assert quote.occurred_at == midnight()
    assert (quote.bid, quote.ask, quote.bid_levels, quote.ask_levels) == (None, None, (), ())


def test_two_splits_since_count_both(apple: Instrument) -> None:
    QuoteSnapshot.objects.update(occurred_at=midnight() - timedelta(days=5))
    split(apple, days=-3)
    split(apple, ratio_to=2)
    (quote,) = found_by(SplitMoments(), apple)
    assert (quote.last, quote.occurred_at) == (Decimal(50), midnight())


def test_it_is_told_until_it_is_known_and_then_no_more(apple: Instrument) -> None:
    split(apple)
    moments = SplitMoments()
    assert found_by(moments, apple)
    (again,) = found_by(moments, apple)
    store_quotes([again])
    assert not found_by(moments, apple)
    assert not found_by(SplitMoments(), apple)


@pytest.mark.parametrize("days", [1, -3])
def test_a_split_to_come_or_of_before_the_quote_changes_nothing(
    apple: Instrument, days: int
) -> None:
    split(apple, days=days)
    assert not found_by(SplitMoments(), apple)


def test_a_cancelled_split_changes_nothing(apple: Instrument) -> None:
    cancel_action(split(apple).id, cancelled_at=timezone.now())
    assert not found_by(SplitMoments(), apple)


def test_what_traded_meanwhile_is_not_overwritten(apple: Instrument) -> None:
    split(apple)
    moments = SplitMoments()
    moments.look([apple.id], at=timezone.now())
    assert moments.take(lambda _: midnight() + timedelta(seconds=1)) == []


def test_each_split_is_told_once_as_it_takes_effect(
    apple: Instrument, told: list[list[int]]
) -> None:
    split(apple)
    moments = SplitMoments()
    for minutes in (-2, -1, 1, 2):
        moments.look([apple.id], at=midnight() + timedelta(minutes=minutes))
    assert told == [[apple.id]]


def test_whoever_begins_to_lead_leaves_what_was_to_the_hourly_run(
    apple: Instrument, told: list[list[int]]
) -> None:
    split(apple)
    SplitMoments().look([apple.id], at=timezone.now())
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_the_feed_tells_it_to_everybody(apple: Instrument) -> None:
    split(apple)

    def last() -> Decimal | None:
        quote = latest_quote(apple.id)
        return quote.last if quote else None

    assert last() == Decimal(400)
    with running_feed(SimpleQueue[PriceBatch]()):
        wait_until(lambda: last() == Decimal(100), seconds=20, what="the quote is restated")
        wait_until(
            lambda: QuoteSnapshot.objects.get().last == Decimal(100),
            seconds=20,
            what="the quote is stored",
        )
