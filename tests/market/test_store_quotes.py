from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.intake.ingestion import store_quotes
from market.models import QuoteSnapshot
from tests.market.factories import NOON, decimals, make_instrument, make_quote

pytestmark = pytest.mark.django_db


def test_the_newest_quote_is_kept_with_its_depth() -> None:
    apple = make_instrument("AAPL")
    assert store_quotes([make_quote(apple, "10")]) == 1
    newer = make_quote(apple, "11", at=NOON + timedelta(seconds=1))
    assert store_quotes([newer]) == 1
    row = QuoteSnapshot.objects.get()
    assert (row.last, row.previous_close) == decimals("11 8")
    assert row.ask_levels == [["11.01", "200"]]


def test_an_older_quote_changes_nothing() -> None:
    apple = make_instrument("AAPL")
    store_quotes([make_quote(apple, "10")])
    assert store_quotes([make_quote(apple, "9", at=NOON - timedelta(seconds=1))]) == 0
    assert QuoteSnapshot.objects.get().last == 10


def test_of_one_batch_the_newest_counts() -> None:
    apple = make_instrument("AAPL")
    batch = [make_quote(apple, "10", at=NOON + timedelta(seconds=second)) for second in (3, 9, 1)]
    batch[1] = replace(batch[1], last=Decimal(12))
    assert store_quotes(batch) == 1
    assert QuoteSnapshot.objects.get().last == 12


def test_a_quote_of_no_instrument_is_left_out() -> None:
    apple = make_instrument("AAPL")
    stray = replace(make_quote(apple), instrument_id=2**31 - 1)
    assert store_quotes([stray, make_quote(apple)]) == 1
    assert store_quotes([]) == 0
