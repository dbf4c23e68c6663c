"""Charts through the API: a Plotly figure that needs nothing of ours to be drawn."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from django.utils import timezone

from accounts.tiers import Tier
from market.charting.theme_colours import COLOURS
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Bar, Instrument
from market.models.corporate_actions import ActionKind
from tests.api.clients import ApiClient, fields_in, key_for
from tests.factories import make_daily_bars, make_instrument, make_user

pytestmark = pytest.mark.django_db

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
PATH = "/instruments/AAPL/chart"


@pytest.fixture
def apple() -> Instrument:
    apple = make_instrument("AAPL")
    make_daily_bars(apple, range(1, 81))
    return apple


def test_a_chart_is_a_whole_figure_with_real_colours(api: ApiClient, apple: Instrument) -> None:
    answer = api.get(PATH, indicators="sma:20,ema:50,bb:20,rsi:14,macd", interval="1d").json()
    assert answer["data"][0]["type"] == "candlestick"
    assert len(answer["data"]) == 2 + 1 + 1 + 3 + 1 + 3
    assert answer["live"]["close"] == "80"
    assert answer["layout"]["xaxis"]["ticktext"][-1] == answer["labels"][-1]
    assert answer["summary"].startswith("80 candles from")
    assert '"--' not in orjson.dumps(answer).decode()
    dark = api.get(PATH, theme="dark").json()
    assert dark["layout"]["plot_bgcolor"] == COLOURS["--surface"][1]


@pytest.mark.parametrize(
    ("adjusted", "first"), [(None, 0.5), ("splits", 0.5), ("true", 0.5), ("false", 1)]
)
def test_a_chart_may_be_of_prices_as_they_were(
    api: ApiClient, apple: Instrument, adjusted: str | None, first: float
) -> None:
    split_on = Bar.objects.filter(instrument=apple).latest("opened_at").opened_at.date()
    facts = ActionFacts(kind=ActionKind.SPLIT, ex_date=split_on, ratio_from=1, ratio_to=2)
    record_action(instrument=apple, facts=facts, source="test", recorded_at=timezone.now())
    wanted = {"adjusted": adjusted} if adjusted else {}
    assert api.get(PATH, **wanted).json()["data"][0]["close"][0] == first
    assert api.get(PATH, adjusted="maybe").status_code == 422


def test_colours_are_those_of_the_style_sheet() -> None:
    tokens = {
        name: (light, dark)
        for name, light, dark in re.findall(
            r"(--[\w-]+): light-dark\((#\w+), (#\w+)\)", TOKENS.read_text(encoding="utf-8")
        )
    }
    assert {name: tokens[name] for name in COLOURS} == COLOURS


def test_instruments_are_compared(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(make_instrument("MSFT"), range(200, 120, -1))
    answer = api.get(PATH, compare="MSFT").json()
    assert [trace["name"] for trace in answer["data"]] == ["AAPL", "MSFT"]
    assert answer["data"][1]["y"][-1] == pytest.approx(-39.5)


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [
        ({"indicators": "vwap:3"}, 422, {"indicators"}),
        ({"indicators": "sma:0", "timezone": "Mars/Olympus"}, 422, {"indicators", "timezone"}),
        ({"compare": "A,B,C,D,E"}, 422, {"compare"}),
        ({"compare": "NOPE"}, 404, set()),
        ({"interval": "2m"}, 422, {"interval"}),
        ({"theme": "pink"}, 422, {"theme"}),
        ({"timezone": "America"}, 422, {"timezone"}),
        ({"timezone": "Europe/Berlin"}, 200, set()),
        ({"end": "tomorrow"}, 422, {"end"}),
        ({"end": "2020-01-01T00:00:00Z", "start": "2019-01-01T00:00:00Z"}, 200, set()),
    ],
)
def test_what_cannot_be_drawn_is_said_at_its_field(
    api: ApiClient, apple: Instrument, query: dict[str, str], status: int, fields: set[str]
) -> None:
    response = api.get(PATH, **query)
    assert response.status_code == status
    if status == 422:
        assert set(fields_in(response)) == fields


def test_a_tier_sees_no_further_back_than_its_days(apple: Instrument) -> None:
    bob = ApiClient(key_for(make_user("bob@example.com", tier=Tier.STANDARD), scopes=["read"]))
    assert bob.get(PATH).json()["labels"] == []
    refused = bob.get(PATH, start="2020-01-01T00:00:00Z")
    assert refused.status_code == 403
