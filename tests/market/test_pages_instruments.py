"""The list of instruments and the page of one."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Instrument, Watchlist
from market.models.corporate_actions import ActionKind
from market.views import INSTRUMENTS_MAXIMUM
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL", name="Apple Inc.")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, response.content
    return response.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/instruments", "/instruments/AAPL", "/instruments/AAPL/chart", "/watchlists"],
)
def test_strangers_are_sent_to_sign_in(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert "login" in response["Location"]


def test_instruments_are_found_by_symbol_and_by_name(page: Client, apple: Instrument) -> None:
    make_instrument("MSFT", name="Microsoft Corp.")
    make_quote(apple, last="123.45")
    everything = text_of(page, "/instruments")
    assert "AAPL" in everything
    assert "MSFT" in everything
    found = text_of(page, "/instruments?q=apple")
    assert "AAPL" in found
    assert "MSFT" not in found
    assert "123.45" in found


def test_as_many_instruments_as_fit_are_listed_and_the_rest_hinted_at(page: Client) -> None:
    for number in range(INSTRUMENTS_MAXIMUM):
        make_instrument(f"S{number}")
    assert "Search to find others" not in text_of(page, "/instruments")
    make_instrument("ONEMORE")
    text = text_of(page, "/instruments")
    assert "Search to find others" in text
    assert text.count("<tr data-symbol=") == INSTRUMENTS_MAXIMUM
    assert len(text) < 60_000


def test_a_typing_error_is_forgiven(page: Client, apple: Instrument) -> None:
    assert 'href="/instruments/AAPL"' in text_of(page, "/instruments?q=appel")


def test_searching_for_nothing_known_says_so(page: Client, apple: Instrument) -> None:
    assert "Nothing found" in text_of(page, "/instruments?q=zzzz")


def test_htmx_gets_only_the_table(page: Client, apple: Instrument) -> None:
    fragment = text_of(page, "/instruments?q=AAPL", hx_request="true")
    assert "AAPL" in fragment
    assert "<html" not in fragment


def test_a_search_is_escaped(page: Client, apple: Instrument) -> None:
    assert "<script>x" not in text_of(page, "/instruments?q=%3Cscript%3Ex")


def test_the_page_says_price_change_and_where_it_comes_from(
    page: Client, apple: Instrument
) -> None:
    make_quote(apple, last="100", previous_close="98")
    text = text_of(page, "/instruments/AAPL")
    assert 'data-symbol="AAPL"' in text
    assert "+2.00" in text
    assert "+2.04%" in text
    assert "simulated" in text
    assert reverse("trading:desk", args=["AAPL"]) in text


def test_a_real_price_is_not_badged(page: Client, apple: Instrument) -> None:
    make_quote(apple, source="file")
    assert "Made by the simulator" not in text_of(page, "/instruments/AAPL")


def test_an_instrument_without_a_price_says_so(page: Client, apple: Instrument) -> None:
    assert "no price" in text_of(page, "/instruments/AAPL")


def test_a_price_past_its_freshness_is_marked_stale(page: Client, apple: Instrument) -> None:
    limit = timedelta(seconds=settings.LIMITS.quote_fresh_seconds)
    make_quote(apple, occurred_at=timezone.now() - limit - timedelta(seconds=5))
    assert " data-stale" in text_of(page, "/instruments/AAPL")
    make_quote(apple)
    assert " data-stale" not in text_of(page, "/instruments/AAPL")


@pytest.mark.parametrize("address", ["/instruments/NOPE", "/instruments/NOPE/chart"])
def test_an_unknown_symbol_is_not_found(page: Client, address: str) -> None:
    assert page.get(address).status_code == 404


def test_a_symbol_of_two_exchanges_leads_to_the_choice(page: Client, apple: Instrument) -> None:
    make_instrument("AAPL", mic="XNYS")
    response = page.get("/instruments/AAPL")
    assert response.status_code == 302
    choice = text_of(page, response["Location"])
    assert "/instruments/XNAS:AAPL" in choice
    assert "/instruments/XNYS:AAPL" in choice
    assert page.get("/instruments/XNYS:AAPL").status_code == 200


def test_the_page_shows_the_statistics_of_a_year(page: Client, apple: Instrument) -> None:
    make_daily_bars(apple, [10, 12, 17], first_at=timezone.now() - timedelta(days=4))
    words = text_of(page, "/instruments/AAPL").split()
    text = " ".join(words)
    for name, figure in (("Lowest", "10.00"), ("Highest", "17.00"), ("Mean close", "13.00")):
        assert f"<dt>{name}</dt> <dd> {figure} </dd>" in text
    assert "<dt>Standard deviation</dt> <dd> 3.61 </dd>" in text  # of a sample: √13


def test_of_one_day_there_is_no_deviation(page: Client, apple: Instrument) -> None:
    make_daily_bars(apple, [10], first_at=timezone.now() - timedelta(days=4))
    text = " ".join(text_of(page, "/instruments/AAPL").split())
    assert "<dt>Standard deviation</dt> <dd> – </dd>" in text


def test_the_chart_is_a_figure_with_its_live_bar(page: Client, apple: Instrument) -> None:
    make_daily_bars(apple, [10, 11, 12])
    figure = page.get("/instruments/AAPL/chart?interval=1d&timezone=Europe/Berlin").json()
    assert len(figure["labels"]) == 3
    assert figure["live"]["close"] == "12"
    assert figure["data"][0]["type"] == "candlestick"


@pytest.fixture
def halved(apple: Instrument) -> Instrument:
    """A split of two for one before the third day, and then a dividend of a tenth."""
    third = make_daily_bars(apple, [20, 24, 12, 10])[2].opened_at.date()
    for facts in (
        ActionFacts(kind=ActionKind.SPLIT, ex_date=third, ratio_from=1, ratio_to=2),
        ActionFacts(
            kind=ActionKind.DIVIDEND,
            ex_date=third + timedelta(days=1),
            amount_per_share=Decimal("1.2"),
            currency="USD",
        ),
    ):
        record_action(instrument=apple, facts=facts, source="test", recorded_at=timezone.now())
    return apple


@pytest.mark.parametrize(
    ("adjusted", "closes"),
    [
        ("", [10, 12, 12, 10]),
        ("splits", [10, 12, 12, 10]),
        ("false", [20, 24, 12, 10]),
        ("true", [9, 10.8, 10.8, 10]),
    ],
)
def test_chart_table_and_files_show_the_prices_that_were_chosen(
    page: Client, halved: Instrument, adjusted: str, closes: list[float]
) -> None:
    word = f"&adjusted={adjusted}" if adjusted else ""
    candles = page.get(f"/instruments/AAPL/chart?interval=1d{word}").json()["data"][0]
    assert candles["close"][:3] == closes[:3]  # the newest is drawn by itself
    shown = page.get(f"/instruments/AAPL?interval=1d{word}")
    assert [bar.close for _, bar in reversed(shown.context["daily"])] == [
        Decimal(str(close)) for close in closes
    ]
    text = " ".join(shown.content.decode().split())
    assert f'data-adjusted="{adjusted or "splits"}"' in text
    file = page.get(f"/instruments/AAPL/bars/file?interval=1d&format=csv{word}")
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode())))
    # An address that says nothing of it gives what is stored.
    assert [float(row["close"]) for row in rows] == (closes if adjusted else [20, 24, 12, 10])


def test_prices_of_an_unknown_kind_are_refused(page: Client, halved: Instrument) -> None:
    assert page.get("/instruments/AAPL/chart?adjusted=maybe").status_code == 422
    assert page.get("/instruments/AAPL?adjusted=maybe").status_code == 200


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "1h", "1d", "1w", "1mo"])
def test_every_interval_answers_even_without_bars(
    page: Client, apple: Instrument, interval: str
) -> None:
    figure = page.get(f"/instruments/AAPL/chart?interval={interval}").json()
    assert figure["live"] is None


def test_a_chart_has_at_most_as_many_candles_as_allowed(page: Client, apple: Instrument) -> None:
    limit = settings.LIMITS.candles_per_view
    make_daily_bars(apple, range(1, limit + 2))
    figure = page.get("/instruments/AAPL/chart").json()
    assert len(figure["labels"]) == limit
    assert figure["live"]["close"] == str(limit + 1)  # the newest, not the oldest


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("interval=2m", "not one of the available choices"),
        ("indicators=nonsense", "is no indicator"),
        ("indicators=sma:1", "must be 2 to 250"),
        ("indicators=sma:251", "must be 2 to 250"),
        ("indicators=macd:3", "takes no length"),
        ("compare=NOPE", "NOPE"),
        ("start=-1", "greater than or equal"),
        ("end=tomorrow", "whole number"),
        ("end=99999999999", "less than or equal"),
    ],
)
def test_what_a_chart_cannot_show_is_refused_with_words(
    page: Client, apple: Instrument, query: str, words: str
) -> None:
    response = page.get(f"/instruments/AAPL/chart?{query}")
    assert response.status_code == 422
    assert response.json()["code"] == "invalid"
    assert words in response.content.decode()


@pytest.mark.parametrize(
    ("indicators", "names"),
    [
        ("sma:20", ["SMA 20"]),
        ("ema:50", ["EMA 50"]),
        ("bb:20", ["Bollinger 20", "Bollinger 20 lower", "Bollinger 20 upper"]),
        ("rsi:14", ["RSI 14"]),
        ("macd", ["MACD histogram", "MACD 12, 26, 9", "MACD signal"]),
        (" SMA , sma:20,", ["SMA 20"]),
    ],
)
def test_each_indicator_is_drawn(
    page: Client, apple: Instrument, indicators: str, names: list[str]
) -> None:
    make_daily_bars(apple, range(1, 81))
    figure = page.get("/instruments/AAPL/chart", {"indicators": indicators}).json()
    traces = figure["data"][2:]
    assert [trace["name"] for trace in traces] == names
    assert all(len(trace["y"]) == 80 and trace["y"][-1] is not None for trace in traces)


def test_as_many_indicators_as_allowed_and_no_more(page: Client, apple: Instrument) -> None:
    most = settings.LIMITS.chart_indicators
    texts = [f"sma:{length}" for length in range(2, most + 3)]
    allowed = page.get("/instruments/AAPL/chart", {"indicators": ",".join(texts[:most])})
    assert allowed.status_code == 200
    refused = page.get("/instruments/AAPL/chart", {"indicators": ",".join(texts)})
    assert refused.status_code == 422
    assert f"at most {most}" in refused.content.decode()


def test_older_and_newer_candles_are_loaded_by_their_time(page: Client, apple: Instrument) -> None:
    limit, year = settings.LIMITS.candles_per_view, 370
    make_daily_bars(apple, range(1, limit + year + 1))
    newest = page.get("/instruments/AAPL/chart?indicators=sma:20").json()
    assert (newest["has_older"], newest["has_newer"]) == (True, False)
    assert newest["data"][2]["y"][0] is not None  # the average began before what is drawn
    query = {"end": newest["opened"][0], "indicators": "sma:20"}
    older = page.get("/instruments/AAPL/chart", query).json()
    assert (older["has_older"], older["has_newer"]) == (False, True)
    assert older["live"] is None
    assert len(older["data"][0]["x"]) == year
    assert older["opened"][-1] < newest["opened"][0]
    assert older["data"][2]["y"][18] is None  # there is nothing before it
    again = page.get("/instruments/AAPL/chart", {"start": newest["opened"][0]}).json()
    assert again["opened"] == newest["opened"]
    assert again["live"] == newest["live"]
    middle = page.get("/instruments/AAPL/chart", {"start": older["opened"][1]}).json()
    assert (middle["has_older"], middle["has_newer"]) == (True, True)
    nothing = page.get("/instruments/AAPL/chart", {"end": 0}).json()
    assert (nothing["labels"], nothing["live"]) == ([], None)


def test_instruments_are_compared_in_percent(page: Client, apple: Instrument) -> None:
    other = make_instrument("MSFT")
    make_daily_bars(apple, [10, 11, 12])
    make_daily_bars(other, [200, 190, 180])
    figure = page.get("/instruments/AAPL/chart?compare=msft,AAPL&indicators=macd").json()
    assert [trace["name"] for trace in figure["data"]] == ["AAPL", "MSFT"]
    assert figure["data"][0]["y"] == pytest.approx([0, 10, 20])
    assert figure["data"][1]["y"] == pytest.approx([0, -5, -10])
    assert figure["compared"] == [[10, 11, 12], [200, 190, 180]]
    assert figure["layout"]["yaxis"]["ticksuffix"] == "%"
    assert "MSFT from 200.00 to 180.00 (-10.00%)" in figure["summary"]


def test_what_has_no_prices_or_another_currency_is_compared_all_the_same(
    page: Client, apple: Instrument
) -> None:
    make_daily_bars(apple, [10, 11])
    new = make_instrument("NEW")
    Instrument.objects.filter(id=new.id).update(currency="EUR")
    figure = page.get("/instruments/AAPL/chart?compare=NEW").json()
    assert figure["data"][1]["y"] == [None, None]
    assert "NEW has no prices in this time" in figure["summary"]
    assert "own currency" in figure["note"]


def test_as_many_are_compared_as_allowed_and_no_more(page: Client, apple: Instrument) -> None:
    most = settings.LIMITS.chart_comparisons
    symbols = [f"S{number}" for number in range(most + 1)]
    for symbol in symbols:
        make_instrument(symbol)
    address = "/instruments/AAPL/chart"
    assert page.get(address, {"compare": ",".join(symbols[:most])}).status_code == 200
    refused = page.get(address, {"compare": ",".join(symbols)})
    assert refused.status_code == 422
    assert f"at most {most}" in refused.content.decode()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "America", "../../etc/passwd", ""])
def test_an_unknown_zone_falls_back_to_the_exchanges(
    page: Client, apple: Instrument, zone: str
) -> None:
    assert page.get("/instruments/AAPL/chart", {"timezone": zone}).status_code == 200


def test_a_standard_tier_sees_its_days_of_history(
    page: Client, client: Client, apple: Instrument
) -> None:
    make_daily_bars(apple, range(1, 41), first_at=timezone.now() - timedelta(days=40))
    assert len(page.get("/instruments/AAPL/chart").json()["labels"]) == 40
    client.force_login(make_user("bob@example.com", tier=Tier.STANDARD))
    assert 29 <= len(client.get("/instruments/AAPL/chart").json()["labels"]) <= 31


def test_watch_makes_a_first_watchlist(page: Client, alice: User, apple: Instrument) -> None:
    response = page.post("/instruments/AAPL/watch")
    assert response.status_code == 302
    made = Watchlist.objects.for_user(alice).get()
    assert [item.instrument_id for item in made.items.all()] == [apple.id]


def test_watch_takes_no_list_of_a_stranger(page: Client, apple: Instrument) -> None:
    charlie = make_user("charlie@example.com")
    theirs = Watchlist.objects.create(owner=charlie, name="Secret")
    response = page.post("/instruments/AAPL/watch", {"watchlist": str(theirs.id)})
    assert response.status_code == 404
    assert theirs.items.count() == 0
