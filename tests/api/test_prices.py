"""Quotes, bars, ticks and figures through the API."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.values import TickValue
from tests.api.clients import ApiClient, all_items, fields_in
from tests.factories import make_daily_bars, make_instrument, make_quote

QUOTE = {
    *("symbol", "bid", "bid_size", "ask", "ask_size", "last", "last_size", "previous_close"),
    *("change", "change_pct", "occurred_at", "is_stale", "source"),
}
BAR = {"opened_at", "open", "high", "low", "close", "volume", "vwap", "count", "source"}


def test_a_quote_has_its_shape(api: ApiClient, apple: Instrument) -> None:
    quote = api.get("/instruments/AAPL/quote").json()
    assert set(quote) == QUOTE
    assert (quote["bid"], quote["ask"], quote["last"]) == ("99.99", "100.01", "100")
    assert (quote["change"], quote["change_pct"]) == ("2", "2.04")
    assert quote["is_stale"] is False


def test_an_old_quote_says_that_it_is_stale(api: ApiClient, apple: Instrument) -> None:
    make_quote(apple, occurred_at=timezone.now() - timedelta(minutes=5))
    assert api.get("/instruments/AAPL/quote").json()["is_stale"] is True


def test_quotes_come_in_the_order_asked_for(api: ApiClient, apple: Instrument) -> None:
    make_quote(make_instrument("MSFT"))
    make_instrument("NEVER")
    answer = api.get("/quotes", symbols="MSFT,NEVER,aapl").json()
    assert [quote["symbol"] for quote in answer["items"]] == ["MSFT", "AAPL"]
    assert answer["unpriced"] == ["NEVER"]


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/quotes", {"symbols": "AAPL,NOPE"}, 404, "unknown_symbol"),
        ("/quotes", {"symbols": ","}, 422, "invalid"),
        ("/quotes", {"symbols": ",".join(["AAPL"] * 501)}, 422, "invalid"),
        ("/quotes", {}, 422, "invalid"),
        ("/instruments/NOPE/quote", {}, 404, "unknown_symbol"),
        ("/instruments/NOPE/bars", {}, 404, "unknown_symbol"),
        ("/instruments/AAPL/bars", {"interval": "2d"}, 422, "invalid"),
        ("/instruments/AAPL/bars", {"start": "yesterday"}, 422, "invalid"),
        ("/instruments/AAPL/bars", {"limit": "0"}, 422, "invalid"),
        ("/instruments/AAPL/bars", {"limit": "10001"}, 422, "invalid"),
        ("/instruments/AAPL/bars", {"cursor": "x"}, 400, "bad_cursor"),
        ("/instruments/AAPL/ticks", {"end": "2020-01-01T00:00:00"}, 422, "invalid"),
        ("/instruments/AAPL/ticks", {"cursor": "x"}, 400, "bad_cursor"),
        ("/instruments/AAPL/statistics", {"start": "x"}, 422, "invalid"),
    ],
)
def test_a_bad_question_is_answered_clearly(
    api: ApiClient, path: str, query: dict[str, str], status: int, code: str
) -> None:
    make_instrument("AAPL")
    response = api.get(path, **query)
    assert (response.status_code, response.json()["code"]) == (status, code), response.content


def test_an_instrument_without_a_price_is_said_to_have_none(api: ApiClient) -> None:
    make_instrument("NEVER")
    response = api.get("/instruments/NEVER/quote")
    assert (response.status_code, response.json()["code"]) == (404, "never_priced")


def test_an_answer_tells_apart_what_two_exchanges_list(api: ApiClient, apple: Instrument) -> None:
    make_quote(make_instrument("MSFT"))
    here, there = "XNAS:AAPL", "XLON:AAPL"
    make_quote(make_instrument("AAPL", mic="XLON"))
    quotes = api.get("/quotes", symbols=f"{there},{here}").json()["items"]
    assert [one["symbol"] for one in quotes] == [there, here]
    for path in ("quote", "statistics", "order-book"):
        assert api.get(f"/instruments/{there}/{path}").json()["symbol"] == there
    # What needs no exchange is called by its symbol, as on sockets, however it was asked for.
    for address in ("MSFT", "XNAS:MSFT"):
        assert api.get(f"/instruments/{address}/quote").json()["symbol"] == "MSFT"
        assert api.get("/quotes", symbols=address).json()["items"][0]["symbol"] == "MSFT"


def test_an_ambiguous_symbol_names_its_exchanges(api: ApiClient, apple: Instrument) -> None:
    make_instrument("AAPL", mic="XLON")
    response = api.get("/instruments/AAPL")
    assert (response.status_code, response.json()["code"]) == (409, "ambiguous_symbol")
    assert "XLON:AAPL" in response.json()["detail"]
    assert api.get("/instruments/XLON:AAPL").json()["exchange"] == "XLON"


def test_bars_ascend_and_have_their_shape(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, ["10.05", "11", "12.50"])
    answer = api.get("/instruments/AAPL/bars").json()
    assert answer["next_cursor"] is None
    assert all(set(bar) == BAR for bar in answer["items"])
    assert [bar["close"] for bar in answer["items"]] == ["10.05", "11", "12.5"]
    assert answer["items"][0]["opened_at"] == "2026-01-05T05:00:00Z"


def test_without_a_start_the_newest_bars_come(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, range(1, 8))
    answer = api.get("/instruments/AAPL/bars", limit=3).json()
    assert [bar["close"] for bar in answer["items"]] == ["5", "6", "7"]


@pytest.mark.parametrize("asked", [{}, {"start": "2026-01-01"}])
def test_an_answer_has_500_bars_unless_up_to_10_000_are_asked_for(
    api: ApiClient, apple: Instrument, asked: dict[str, str]
) -> None:
    make_daily_bars(apple, range(1, 502))
    path = "/instruments/AAPL/bars"
    answer = api.get(path, **asked).json()
    assert len(answer["items"]) == 500
    assert answer["next_cursor"] is not None
    assert len(api.get(path, limit=10_000, **asked).json()["items"]) == 501


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_from_a_start_bars_come_in_pages(api: ApiClient, apple: Instrument, limit: int) -> None:
    make_daily_bars(apple, range(1, 9))
    path = "/instruments/AAPL/bars"
    bars = all_items(api, path, start="2026-01-06", end="2026-01-12T05:00:00Z", limit=limit)
    assert [bar["close"] for bar in bars] == ["2", "3", "4", "5", "6", "7"]


def test_bars_cursor_belongs_to_its_interval(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, range(1, 9))
    path = "/instruments/AAPL/bars"
    cursor = api.get(path, start="2026-01-01", limit=2).json()["next_cursor"]
    wrong = api.get(path, start="2026-01-01", interval="1w", cursor=cursor)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("by_accept", [True, False])
def test_bars_are_also_a_csv(api: ApiClient, apple: Instrument, *, by_accept: bool) -> None:
    make_daily_bars(apple, ["10.05", "11"])
    path = "/api/v1/instruments/AAPL/bars" + ("" if by_accept else "?format=csv")
    headers = api.headers() | ({"Accept": "text/csv"} if by_accept else {})
    response = api.client.get(path, headers=headers)
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert [row["close"] for row in rows] == ["10.05", "11"]
    assert set(rows[0]) == BAR


def test_ticks_are_paged_newest_first(api: ApiClient, apple: Instrument) -> None:
    at = datetime(2026, 1, 5, 15, tzinfo=UTC)
    ensure_tick_partitions(first_date=at.date(), days=2)
    store_ticks(
        [
            TickValue(
                instrument_id=apple.id,
                occurred_at=at + timedelta(seconds=number // 2),
                provider_tick_id=f"t{number}",
                price=Decimal(100 + number),
                size=Decimal(1),
                source="simulated",
            )
            for number in range(7)
        ],
        received_at=at + timedelta(minutes=1),
    )
    ticks = all_items(api, "/instruments/AAPL/ticks", limit=2)
    assert [tick["price"] for tick in ticks] == [str(100 + n) for n in reversed(range(7))]
    some = all_items(
        api,
        "/instruments/AAPL/ticks",
        start=(at + timedelta(seconds=1)).isoformat(),
        end=(at + timedelta(seconds=3)).isoformat(),
    )
    assert [tick["price"] for tick in some] == ["105", "104", "103", "102"]


def test_statistics_are_of_the_days_asked_for(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, ["10", "11", "12"])
    found = api.get("/instruments/AAPL/statistics", start="2026-01-01", end="2026-02-01").json()
    assert (found["count"], found["min"], found["max"], found["mean"]) == (3, "10", "12", "11")
    assert Decimal(found["annualised_volatility"]) > 0


def test_the_clock_and_the_calendar_tell_sessions(api: ApiClient) -> None:
    clock = api.get("/market/clock", exchange="XNAS").json()
    assert clock["is_open"] is True  # the simulated exchange never closes
    days = api.get(
        "/market/calendar", exchange="XNAS", start="2025-12-24", end="2025-12-26"
    ).json()["items"]
    assert [day["date"] for day in days] == ["2025-12-24", "2025-12-26"]
    assert days[0]["closes_at"] == "2025-12-24T18:00:00Z"  # a short day
    assert api.get("/market/clock", exchange="XXXX").status_code == 404
    backwards = api.get("/market/calendar", start="2025-12-26", end="2025-12-24")
    assert (backwards.status_code, fields_in(backwards)) == (422, {"end": "out_of_range"})


def test_instruments_are_searched_filtered_and_paged(api: ApiClient, apple: Instrument) -> None:
    make_instrument("MSFT", name="Microsoft Corporation")
    make_instrument("APPN", name="Appian Corporation")
    gone = make_instrument("GONE")
    gone.is_active = False
    gone.save()

    def symbols(**query: Any) -> list[str]:
        return [row["symbol"] for row in all_items(api, "/instruments", limit=1, **query)]

    assert symbols() == ["AAPL", "APPN", "MSFT"]
    assert symbols(search="app") == ["APPN", "AAPL"]
    assert symbols(search="corporation") == ["APPN", "MSFT"]
    assert symbols(search="corporatoin") == ["APPN", "MSFT"]
    assert symbols(search="micorsoft") == ["MSFT"]
    assert symbols(exchange="xnas", sector="technology") == ["AAPL", "APPN", "MSFT"]
    assert symbols(exchange="XLON") == []
    assert symbols(priced_from="99.5", priced_to="100.5") == ["AAPL"]
    assert symbols(search="%") == []
    assert fields_in(api.get("/instruments", priced_from="NaN")) == {"priced_from": "not_a_number"}


def test_administrators_keep_the_instrument_master(admin_api: ApiClient, api: ApiClient) -> None:
    make_instrument("AAPL")
    acme = {"symbol": "ACME", "name": "Acme", "exchange": "XNAS", "currency": "USD"}
    assert api.post("/instruments", acme).status_code == 403
    created = admin_api.post("/instruments", acme)
    assert created.status_code == 201, created.content
    assert (created.json()["tick_size"], created.json()["is_active"]) == ("0.01", True)
    # The first in London on this desk.
    assert (
        admin_api.post("/instruments", acme | {"symbol": "LDN", "exchange": "XLON"}).json()[
            "exchange"
        ]
        == "XLON"
    )
    assert admin_api.post("/instruments", acme).status_code == 409
    assert admin_api.post("/instruments", acme | {"exchange": "XXXX"}).status_code == 404
    bad = admin_api.post("/instruments", acme | {"symbol": "a b", "tick_size": "0.00001"})
    assert set(fields_in(bad)) == {"symbol", "tick_size"}
    assert admin_api.patch("/instruments/ACME", {"name": "New"}).json()["name"] == "New"
    assert admin_api.delete("/instruments/ACME").status_code == 204
    assert api.get("/instruments/ACME").json()["is_active"] is False
    assert api.patch("/instruments/ACME", {"name": "x"}).status_code == 403
    assert api.delete("/instruments/AAPL").status_code == 403
