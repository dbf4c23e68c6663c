"""The pages of alerts: made, changed, armed again, deleted, and seen on other pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market import alert_views
from market.alert_rows import TriggerRow, trigger_rows
from market.alerts.own_alerts import mark_seen
from market.models import Alert, AlertTrigger, Instrument
from market.watchlists import add_symbols, create_watchlist
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from tests.market.alert_desk import Watcher, make_alert
from tests.market.factories import make_tick

pytestmark = pytest.mark.django_db

FORM = {"symbol": "AAPL", "kind": "price_above", "threshold": "110", "interval": "1d"}
HTMX = {"HX-Request": "true", "HX-Target": "alert-form"}


@pytest.fixture
def apple() -> Instrument:
    """At 100; it closed at 98 the day before."""
    instrument = make_instrument("AAPL")
    make_quote(instrument)
    return instrument


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def fire(apple: Instrument, price: str = "111") -> None:
    watcher = Watcher()
    watcher.see(make_tick(apple, price, at=timezone.now()))
    watcher.close()


def text_of(page: Client, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("path", ["/alerts", "/alerts/new", "/alerts/figures", "/alerts/badge"])
def test_a_stranger_is_sent_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302


def test_empty_lists_say_what_to_do(page: Client) -> None:
    text = text_of(page, "/alerts")
    assert "Nothing is watched" in text
    assert "Nothing has fired yet" in text


def test_an_alert_is_made_without_a_script(page: Client, apple: Instrument) -> None:
    assert 'value="AAPL"' in page.get("/alerts/new?symbol=AAPL").content.decode()
    answer = page.post("/alerts", FORM, follow=True)
    assert answer.redirect_chain[-1][0] == "/alerts"
    text = text_of(page, "/alerts")
    assert "price at or above 110" in text
    assert "+10.00 ( +10.00% )" in text
    assert "armed" in text


def test_a_script_makes_one_and_the_page_is_told(page: Client, apple: Instrument) -> None:
    answer = page.post("/alerts", FORM | {"threshold": "90"}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == '{"alerts-changed": {}}'
    assert "waits for the price to return" in answer.content.decode()
    assert Alert.objects.get().status == "waiting"


def test_each_kind_can_be_made_and_other_fields_are_left_aside(
    page: Client, alice: User, apple: Instrument
) -> None:
    portfolio = make_portfolio(alice)
    everything = FORM | {
        "direction": "below",
        "length": "30",
        "fast_length": "5",
        "portfolio_id": str(portfolio.id),
        "cooldown_seconds": "3600",
    }
    kinds = {
        "price_below": "price at or below 70",
        "change_pct": "change of the day at or above +70%",
        "sma_cross": "SMA 5 falls to or below SMA 30 (1d)",
        "rsi_above": "RSI 30 (1d) at or above 70",
        "rsi_below": "RSI 30 (1d) at or below 70",
        "holding_gain_pct": "gain of the holding at or above +70%",
    }
    for kind in kinds:
        answer = page.post("/alerts", everything | {"kind": kind, "threshold": "70"})
        assert answer.status_code == 302, answer.content.decode()
    text = text_of(page, "/alerts")
    assert all(words in text for words in kinds.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbol": "NOPE"}, "There is no instrument"),
        ({"threshold": ""}, "Give a threshold."),
        ({"threshold": "-3"}, "must be &gt; 0"),
        ({"threshold": "x"}, "This is not a number."),
        ({"kind": "sma_cross", "length": "1"}, "must be 2 to 200"),
        ({"kind": "sma_cross", "length": "99999999999999999999"}, "must be 2 to 200"),
        ({"kind": "holding_gain_pct"}, "Say in which portfolio"),
        ({"kind": "surprise"}, "Select a valid choice"),
        ({"note": "x" * 121}, "at most 120"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    page: Client, apple: Instrument, change: dict[str, str], words: str
) -> None:
    answer = page.post("/alerts", FORM | change)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Alert.objects.exists()


def test_a_second_one_of_the_same_is_refused_in_words(page: Client, apple: Instrument) -> None:
    page.post("/alerts", FORM)
    answer = page.post("/alerts", FORM)
    assert (answer.status_code, Alert.objects.count()) == (422, 1)
    assert "You already have an alert that waits for this." in answer.content.decode()


def test_an_alert_is_changed_and_keeps_its_kind(page: Client, apple: Instrument) -> None:
    alert = make_alert(apple, repeats=True, cooldown_seconds=90)
    shown = page.get(f"/alerts/{alert.id}").content.decode()
    assert "90 seconds" in shown
    change = FORM | {"kind": "price_below", "threshold": "120", "repeats": "on"}
    answer = page.post(f"/alerts/{alert.id}", change | {"cooldown_seconds": "300"})
    assert answer.status_code == 302
    alert.refresh_from_db()
    assert (alert.kind, str(alert.threshold), alert.cooldown_seconds) == (
        "price_above",
        "120.00000000",
        300,
    )
    assert page.post(f"/alerts/{alert.id}", change | {"threshold": "0"}).status_code == 422


def test_one_that_fired_is_armed_again_or_deleted(page: Client, apple: Instrument) -> None:
    alert = make_alert(apple, note="look at the news")
    fire(apple)
    text = text_of(page, "/alerts")
    assert "Fired for good" in text
    assert "AAPL at 111.00 new" in text
    assert "look at the news" in text
    assert "AAPL at 111.00 new" not in text_of(page, "/alerts")
    page.post(f"/alerts/{alert.id}/arming")
    assert Alert.objects.get().status == "armed"
    page.post(f"/alerts/{alert.id}/deletion")
    assert not Alert.objects.exists()
    assert "AAPL at 111.00" in text_of(page, "/alerts")


def test_the_badge_counts_what_has_not_been_seen(
    page: Client, alice: User, apple: Instrument
) -> None:
    assert page.get("/alerts/badge").content.strip() == b""
    make_alert(apple)
    fire(apple)
    assert ">1<" in page.get("/alerts/badge").content.decode()
    assert "AAPL at 111.00" in text_of(page, "/alerts/triggered")
    mark_seen(owner=alice, seen_at=timezone.now())
    assert page.get("/alerts/badge").content.strip() == b""


def test_what_fires_while_the_list_is_made_stays_news(
    page: Client, apple: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_alert(apple)
    fire(apple)
    make_alert(apple, threshold="130")

    def read_too_early(user: User) -> list[TriggerRow]:
        rows = trigger_rows(user)
        fire(apple, "131")
        return rows

    monkeypatch.setattr(alert_views, "trigger_rows", read_too_early)
    assert "AAPL at 131.00" not in text_of(page, "/alerts")
    assert ">1<" in page.get("/alerts/badge").content.decode()


def test_figures_follow_the_price(page: Client, apple: Instrument) -> None:
    alert = make_alert(apple)
    make_quote(apple, last="105")
    figures = page.get("/alerts/figures").json()["figures"]
    assert figures[f"last:{alert.id}"]["text"] == "105.00"
    assert figures[f"distance:{alert.id}"] == {"text": "+5.00", "direction": "rise"}
    assert figures[f"distance_pct:{alert.id}"]["text"] == "+4.76%"


def test_a_stranger_changes_nothing(client: Client, apple: Instrument) -> None:
    alert = make_alert(apple, owner=make_user("bob@example.com"))
    client.force_login(make_user("charlie@example.com"))
    path = f"/alerts/{alert.id}"
    assert client.get(path).status_code == 404
    for end in ("", "/deletion", "/arming"):
        assert client.post(path + end, FORM).status_code == 404
    assert client.get(f"{path}/deletion").status_code == 405
    assert client.get("/alerts/figures").json() == {"figures": {}}
    assert Alert.objects.get().revision == 1


def test_alerts_stand_on_the_chart_and_beside_the_watchlist(
    page: Client, alice: User, apple: Instrument
) -> None:
    make_alert(apple, threshold="130")
    make_alert(apple, "price_below", "95")
    make_alert(apple, threshold="96")  # met already, so it waits
    figure = page.get("/instruments/AAPL/chart").json()
    lines = [shape for shape in figure["layout"]["shapes"] if shape.get("xref") == "paper"]
    assert [line["y0"] for line in lines] == [130, 95, 96]
    assert [line["opacity"] for line in lines] == [1, 1, 0.5]
    words = [found["text"] for found in figure["layout"]["annotations"]]
    assert "price at or below 95" in words
    watchlist = create_watchlist(owner=alice, name="Tech", created_at=timezone.now())
    add_symbols(watchlist=watchlist, symbols=["AAPL"], added_at=timezone.now())
    shown = page.get(f"/watchlists/{watchlist.id}").content.decode()
    assert "the nearest is 95.90" in shown  # where the waiting one would be armed
    assert 'id="alert-dialog"' in page.get("/instruments/AAPL").content.decode()


def test_lists_take_a_fixed_number_of_queries(
    page: Client, apple: Instrument, django_assert_max_num_queries: object
) -> None:
    for number in range(6):
        make_alert(apple, "rsi_above", str(60 + number))
        make_alert(make_instrument(f"S{number}"), threshold="1")
    fire(apple)
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        page.get("/alerts")
    assert not AlertTrigger.objects.exists()
