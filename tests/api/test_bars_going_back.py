"""Bars without a start: the newest first, and then page by page what came before them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.utils import timezone

from accounts.models import User
from market.calendar import local_midnight
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.intake.bars import store_bars
from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.models.corporate_actions import ActionKind
from market.values import Interval
from tests.api.clients import ApiClient, key_for
from tests.factories import make_daily_bars, make_instrument
from tests.market.factories import make_bar, make_tick

pytestmark = pytest.mark.django_db

PATH: Final = "/instruments/AAPL/bars"
VIEWS: Final[tuple[dict[str, str], ...]] = ({}, {"adjusted": "true"}, {"adjusted": "splits"})
NEW_YORK: Final = "America/New_York"
EVENING: Final = datetime(2026, 1, 5, 23, 55, tzinfo=UTC)


def pages_back(api: ApiClient, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page, the newest first, as they come."""
    pages = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(PATH, **query, **cursor).json()
        pages.append(answer["items"])
        if answer["next_cursor"] is None:
            return pages
        cursor = {"cursor": answer["next_cursor"]}


def walked(pages: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Their bars in the order of time."""
    return [bar for page in reversed(pages) for bar in page]


def whole(api: ApiClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(PATH, **query, limit=10_000).json()
    assert answer["next_cursor"] is None
    items: list[dict[str, Any]] = answer["items"]
    return items


def closes(bars: list[dict[str, Any]]) -> list[str]:
    return [bar["close"] for bar in bars]


def record(instrument: Instrument, kind: ActionKind, on: date, **facts: Any) -> None:
    action = ActionFacts(kind=kind, ex_date=on, **facts)
    record_action(instrument=instrument, facts=action, source="test", recorded_at=EVENING)


def trade(instrument: Instrument, *, first_at: datetime, minutes: int) -> None:
    """A tick in each minute; what it closes is rolled up with it."""
    for number in range(minutes):
        at = first_at + timedelta(minutes=number)
        tick = make_tick(instrument, str(30 + number), at=at, source="alpaca")
        store_ticks([tick], received_at=at)


@pytest.fixture
def apple() -> Instrument:
    """Days over the turn of a year with a split and a dividend, then ticks of two partitions.

    Minutes lie on both sides of midnight in UTC and in New York; the newest day, hour and quarter
    are only known by them.
    """
    apple = make_instrument("AAPL")
    first = date(2025, 11, 20)
    days = (first + timedelta(days=number) for number in range(45))
    bars = [
        make_bar(
            apple,
            f"{40 + n} {42 + n} {39 + n} {41 + n}",
            at=local_midnight(day, NEW_YORK),
            adjusted_close=f"{40 + n}.5" if n < 10 else None,
        )
        for n, day in enumerate(day for day in days if day.weekday() < 5)
    ]
    store_bars(bars, source="file", recorded_at=EVENING)
    ensure_tick_partitions(first_date=EVENING.date(), days=2)
    trade(apple, first_at=EVENING - timedelta(hours=3), minutes=4)
    trade(apple, first_at=EVENING, minutes=10)
    trade(apple, first_at=EVENING + timedelta(hours=5, minutes=2), minutes=8)
    record(apple, ActionKind.SPLIT, date(2025, 12, 29), ratio_from=1, ratio_to=4)
    for on in (date(2025, 12, 15), date(2026, 1, 6)):
        dividend = {"amount_per_share": Decimal("0.5"), "currency": "USD"}
        record(apple, ActionKind.DIVIDEND, on, **dividend)
    return apple


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.get("adjusted", "raw"))
@pytest.mark.parametrize("interval", list(Interval))
def test_going_back_gives_every_bar_once(
    api: ApiClient, apple: Instrument, interval: Interval, view: dict[str, str]
) -> None:
    wanted = view | {"interval": interval.value}
    everything = whole(api, **wanted)
    assert len(everything) > 1
    opened = [bar["opened_at"] for bar in everything]
    assert opened == sorted(set(opened))
    for limit in (1, 2, 7, len(everything)):
        pages = pages_back(api, **wanted, limit=limit)
        assert walked(pages) == everything
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert len(pages[-1]) <= limit
        assert pages[-1]


@pytest.mark.parametrize("interval", ["1m", "15m", "1d", "1w", "1mo"])
def test_it_goes_back_from_an_end_too(api: ApiClient, apple: Instrument, interval: str) -> None:
    everything = whole(api, interval=interval)
    end = everything[-1]["opened_at"]
    pages = pages_back(api, interval=interval, end=end, limit=3)
    assert walked(pages) == everything[:-1]


def test_views_differ_and_each_agrees_with_itself_forwards(
    api: ApiClient, apple: Instrument
) -> None:
    seen = set()
    for view in VIEWS:
        back = walked(pages_back(api, **view, limit=5))
        forwards: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while cursor != {"cursor": None}:
            answer = api.get(PATH, **view, start="2025-01-01", limit=5, **cursor).json()
            forwards += answer["items"]
            cursor = {"cursor": answer["next_cursor"]}
        assert back == forwards
        seen.add(back[0]["close"])
    assert len(seen) == len(VIEWS)


def test_what_comes_meanwhile_neither_repeats_nor_hides_others(
    api: ApiClient, apple: Instrument
) -> None:
    everything = whole(api, interval="1m")
    first = api.get(PATH, interval="1m", limit=5).json()
    trade(apple, first_at=EVENING + timedelta(hours=6), minutes=3)
    cursor = first["next_cursor"]
    older: list[dict[str, Any]] = []
    while cursor is not None:
        answer = api.get(PATH, interval="1m", limit=5, cursor=cursor).json()
        older, cursor = answer["items"] + older, answer["next_cursor"]
    assert older + first["items"] == everything


def test_it_ends_where_the_tiers_history_does() -> None:
    standard = ApiClient(key_for(User.objects.create_user("sam@example.com", tier="standard")))
    stock, today = make_instrument("AAPL"), timezone.now().date()
    for days in range(40, 0, -1):
        opened_at = local_midnight(today - timedelta(days=days), NEW_YORK)
        make_daily_bars(stock, [100 - days], first_at=opened_at)
    everything = whole(standard)
    assert 28 <= len(everything) <= 30
    assert walked(pages_back(standard, limit=7)) == everything
    # A file without a start is of the newest, too.
    response = standard.get(PATH, format="csv", limit=3)
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert closes(rows) == closes(everything[-3:])


def test_a_cursor_back_is_of_its_list_alone(api: ApiClient, apple: Instrument) -> None:
    cursor = api.get(PATH, limit=2).json()["next_cursor"]
    for other in ({"start": "2025-12-01"}, {"adjusted": "true"}, {"interval": "1h"}):
        refused = api.get(PATH, limit=2, cursor=cursor, **other)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor")


def test_a_file_goes_on_from_a_cursor(api: ApiClient, apple: Instrument) -> None:
    everything = whole(api)
    cursor = api.get(PATH, limit=4).json()["next_cursor"]
    response = api.get(PATH, format="csv", cursor=cursor)
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert closes(rows) == closes(everything[:-4])
