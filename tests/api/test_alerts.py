"""Alerts through the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from market.alerts.crossing_index import Crossing
from market.alerts.triggering import record_crossings
from market.models import Alert, Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, all_items, fields_in, key_for
from tests.factories import make_instrument, make_portfolio, make_quote

ABOVE = {"symbol": "AAPL", "kind": "price_above", "threshold": "110"}


@pytest.fixture
def alert_id(api: ApiClient, apple: Instrument) -> str:
    """The id of Alice's alert at 110, while the price is 100."""
    made = api.post("/alerts", ABOVE)
    assert made.status_code == 201, made.content
    return str(made.json()["id"])


def fire(alert_id: str, price: str = "111") -> None:
    alert = Alert.objects.get(id=alert_id)
    assert alert.threshold is not None
    crossing = Crossing(
        alert.id, alert.revision, True, alert.threshold, alert.threshold + 1, timezone.now()
    )
    assert record_crossings([crossing], recorded_at=timezone.now()) == set()


def test_an_alert_says_what_it_waits_for_and_how_far_away_it_is(
    api: ApiClient, alert_id: str
) -> None:
    found = api.get(f"/alerts/{alert_id}").json()
    told = {name: found[name] for name in ("symbol", "exchange", "condition", "status")}
    assert told == {
        "symbol": "AAPL",
        "exchange": "XNAS",
        "condition": "price at or above 110",
        "status": "armed",
    }
    assert (found["level"], found["last"]) == ("110", "100")
    assert (found["distance"], found["distance_pct"]) == ("10", "10")
    assert (found["trigger_count"], found["latest_trigger_at"]) == (0, None)


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        ({"kind": "price_below", "threshold": 90}, "price at or below 90"),
        ({"kind": "change_pct", "threshold": "-5"}, "change of the day at or below −5%"),
        ({"kind": "sma_cross", "length": 50}, "price rises to or above SMA 50 (1d)"),
        (
            {"kind": "sma_cross", "direction": "below", "fast_length": 20, "length": 50},
            "SMA 20 falls to or below SMA 50 (1d)",
        ),
        ({"kind": "rsi_above", "threshold": "70", "interval": "1h"}, "RSI 14 (1h) at or above 70"),
        ({"kind": "rsi_below", "threshold": "30"}, "RSI 14 (1d) at or below 30"),
    ],
)
def test_each_kind_can_be_made(
    api: ApiClient, apple: Instrument, body: dict[str, Any], condition: str
) -> None:
    made = api.post("/alerts", {"symbol": "AAPL", **body})
    assert made.status_code == 201, made.content
    assert made.json()["condition"] == condition


def test_the_gain_of_a_holding_needs_a_portfolio_in_reach(
    api: ApiClient, alice: User, charlie: User, apple: Instrument, paper: Portfolio
) -> None:
    body = {"symbol": "AAPL", "kind": "holding_gain_pct", "threshold": "10"}
    assert fields_in(api.post("/alerts", body)) == {"portfolio_id": "required"}
    made = api.post("/alerts", {**body, "portfolio_id": str(paper.id)})
    assert made.json()["level"] is None  # nothing is held
    foreign = {**body, "portfolio_id": str(make_portfolio(charlie).id)}
    assert fields_in(api.post("/alerts", foreign)) == {"portfolio_id": "unknown"}
    bound = ApiClient(key_for(alice, portfolio_ids=[make_portfolio(alice, name="Other").id]))
    assert bound.post("/alerts", {**body, "portfolio_id": str(paper.id)}).status_code == 404
    assert bound.get(f"/alerts/{made.json()['id']}").status_code == 404
    assert bound.get("/alerts").json()["items"] == []
    assert bound.post("/alerts", ABOVE).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "problems"),
    [
        ({"symbol": "NOPE"}, 404, None),
        ({"threshold": "0"}, 422, {"threshold": "out_of_range"}),
        ({"threshold": None}, 422, {"threshold": "required"}),
        ({"length": 5}, 422, {"length": "not_used"}),
        ({"kind": "price_sideways"}, 422, {"kind": "enum"}),
        ({"threshold": "1e99"}, 422, {"threshold": "too_large"}),
        ({"interval": "2m"}, 422, {"interval": "enum"}),
        ({"repeats": True, "cooldown_seconds": 5}, 422, {"cooldown_seconds": "out_of_range"}),
        ({"surprise": 1}, 422, {"surprise": "extra_forbidden"}),
    ],
)
def test_nonsense_is_refused_by_field(
    api: ApiClient,
    apple: Instrument,
    body: dict[str, Any],
    status: int,
    problems: dict[str, str] | None,
) -> None:
    answer = api.post("/alerts", ABOVE | body)
    assert answer.status_code == status, answer.content
    assert problems is None or fields_in(answer) == problems
    assert not Alert.objects.exists()


def test_a_repeated_request_makes_one_alert(api: ApiClient, apple: Instrument) -> None:
    first, again = (api.post("/alerts", ABOVE, key="once") for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    other = api.post("/alerts", ABOVE, key="other")
    assert (other.status_code, other.json()["code"]) == (409, "alert_exists")


def test_the_tier_limits_how_many(api: ApiClient, alice: User, apple: Instrument) -> None:
    alice.tier = "standard"
    alice.save()
    answers = [api.post("/alerts", ABOVE | {"threshold": str(n)}) for n in range(110, 116)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [403]
    assert answers[-1].json()["code"] == "allowance_exceeded"
    assert api.get("/me").json()["allowance"]["alerts"] == 5


def test_what_is_given_is_changed_and_the_rest_stays(api: ApiClient, alert_id: str) -> None:
    path = f"/alerts/{alert_id}"
    changed = api.patch(path, {"threshold": "95", "note": "dip over"}).json()
    assert (changed["status"], changed["note"], changed["threshold"]) == (
        "waiting",
        "dip over",
        "95",
    )
    # It must first fall a tenth of a percent below its level.
    assert (changed["level"], changed["distance"]) == ("95", "-5.095")
    repeating = api.patch(path, {"repeats": True}).json()
    assert (repeating["threshold"], repeating["cooldown_seconds"]) == ("95", 3600)
    assert fields_in(api.patch(path, {"length": 3})) == {"length": "not_used"}
    assert api.patch(path, {"kind": "price_below"}).status_code == 422


def test_an_indicators_terms_are_changed_in_part(api: ApiClient, apple: Instrument) -> None:
    made = api.post("/alerts", {"symbol": "AAPL", "kind": "sma_cross", "length": 50}).json()
    changed = api.patch(f"/alerts/{made['id']}", {"direction": "below", "interval": "1h"}).json()
    assert changed["condition"] == "price falls to or below SMA 50 (1h)"


def test_an_alert_fires_is_armed_again_and_goes(api: ApiClient, alert_id: str) -> None:
    fire(alert_id)
    found = api.get(f"/alerts/{alert_id}").json()
    assert (found["status"], found["trigger_count"], found["distance"]) == ("triggered", 1, None)
    for _ in range(2):
        rearmed = api.post(f"/alerts/{alert_id}/arming")
        assert (rearmed.status_code, rearmed.json()["status"]) == (200, "armed")
    assert api.delete(f"/alerts/{alert_id}").status_code == 204
    assert api.get(f"/alerts/{alert_id}").status_code == 404
    (trigger,) = api.get("/alerts/triggers").json()["items"]
    assert (trigger["alert_id"], trigger["number"]) == (alert_id, 1)
    assert (trigger["level"], trigger["price"]) == ("110", "111")
    assert trigger["condition"] == "price at or above 110"


def test_lists_are_filtered_and_paged_in_a_constant_number_of_queries(
    api: ApiClient, apple: Instrument, django_assert_max_num_queries: Any
) -> None:
    make_quote(make_instrument("MSFT"))
    for number in range(5):
        made = api.post("/alerts", ABOVE | {"threshold": str(110 + number)}).json()
        fire(made["id"])
        api.post("/alerts", {"symbol": "MSFT", "kind": "rsi_above", "threshold": str(60 + number)})
    fired = all_items(api, "/alerts", limit=2, status="triggered")
    assert [row["threshold"] for row in fired] == ["114", "113", "112", "111", "110"]
    assert len(all_items(api, "/alerts", symbol="MSFT", limit=3)) == 5
    assert len(all_items(api, "/alerts/triggers", symbol="AAPL", limit=2)) == 5
    assert api.get("/alerts/triggers", alert_id=fired[0]["id"]).json()["items"][0]["level"] == "114"
    assert api.get("/alerts/triggers", alert_id=str(uuid4())).json()["items"] == []
    cursor = api.get("/alerts", limit=1).json()["next_cursor"]
    assert api.get("/alerts", limit=1, cursor=cursor, symbol="MSFT").status_code == 400
    with django_assert_max_num_queries(5):
        api.get("/alerts")


def test_a_stranger_finds_nothing_and_changes_nothing(
    stranger_api: ApiClient, alert_id: str
) -> None:
    fire(alert_id)
    path = f"/alerts/{alert_id}"
    for response in (
        stranger_api.get(path),
        stranger_api.patch(path, {"note": "mine"}),
        stranger_api.delete(path),
        stranger_api.post(f"{path}/arming"),
    ):
        assert response.status_code == 404
    assert stranger_api.get("/alerts").json()["items"] == []
    assert stranger_api.get("/alerts/triggers").json()["items"] == []
    assert Alert.objects.get().status == "triggered"


def test_a_reading_key_only_reads(api: ApiClient, alice: User, alert_id: str) -> None:
    reader = ApiClient(key_for(alice, scopes=["read"]))
    path = f"/alerts/{alert_id}"
    assert reader.get(path).status_code == reader.get("/alerts").status_code == 200
    refused = (reader.post("/alerts", ABOVE), reader.patch(path, {}), reader.delete(path))
    assert {answer.status_code for answer in refused} == {403}
    assert reader.post(f"{path}/arming").status_code == 403
