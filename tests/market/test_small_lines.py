"""The lines of latest closes that lists of instruments show, and for how long they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.template import Context, Template
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from market.charting.small_lines import DAYS, KEPT_SECONDS, NO_LINE, SmallLine, small_lines
from market.charting.sparklines import sparkline_path
from market.live import live_quotes
from market.models import Bar, Instrument
from tests.factories import make_daily_bars, noon_before
from tests.market.factories import make_instrument

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked_again() -> Iterator[None]:
    yield
    live_quotes.rest.end()


def line_of(instrument: Instrument) -> SmallLine:
    return small_lines([instrument.id], at=timezone.now())[instrument.id]


def test_the_latest_closes_are_drawn_from_the_first_within_sight() -> None:
    stock = make_instrument()
    make_daily_bars(stock, [7, 10, 12, 9], first_at=noon_before(days=DAYS + 1))
    line = line_of(stock)
    assert line.change == Decimal(-1)
    assert line.path == sparkline_path([Decimal(10), Decimal(12), Decimal(9)])


def test_who_has_no_history_has_no_line(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    stock = make_instrument()
    assert line_of(stock) == NO_LINE
    with django_assert_num_queries(0):
        assert line_of(stock) == NO_LINE
    assert Template("[{{ line }}]").render(Context({"line": NO_LINE})) == "[]"


def test_a_line_is_kept_for_a_minute_and_only_new_ones_are_drawn(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    stock, other = make_instrument(), make_instrument()
    for one in (stock, other):
        make_daily_bars(one, ["10.5", "12.25"], first_at=noon_before(days=5))
    first = line_of(stock)
    Bar.objects.filter(instrument=stock).update(close="10.5")
    with django_assert_num_queries(0):
        assert line_of(stock) == first == SmallLine(first.path, Decimal("1.75"))
    with django_assert_num_queries(2):
        both = small_lines([stock.id, other.id], at=timezone.now())
    assert both == {stock.id: first, other.id: first}
    key = live_quotes.prefixed(f"small-line:{stock.id}")
    assert 0 < live_quotes.valkey().ttl(key) <= KEPT_SECONDS
    live_quotes.valkey().delete(key)
    assert line_of(stock).change == 0


def test_without_valkey_every_line_is_drawn(settings: LazySettings) -> None:
    stock = make_instrument()
    make_daily_bars(stock, [10, 12], first_at=noon_before(days=5))
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert line_of(stock).change == Decimal(2)
    Bar.objects.filter(instrument=stock).update(close=10)
    assert line_of(stock).change == 0


@pytest.mark.parametrize(
    ("change", "name"), [(Decimal(2), "rise"), (Decimal(-2), "fall"), (Decimal(0), "flat")]
)
def test_a_template_writes_the_line_as_a_drawing(change: Decimal, name: str) -> None:
    written = Template("{{ line }}").render(Context({"line": SmallLine("M0 1L96 2", change)}))
    assert written.startswith(f'<svg class="sparkline {name}" ')
    assert '<path d="M0 1L96 2"/>' in written
    assert 'aria-hidden="true"' in written
