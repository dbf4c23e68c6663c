"""Account, instruments and what happened, by Alpaca's ``TradingClient``, unmodified."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetExchange,
    CorporateActionType,
)
from alpaca.trading.requests import (
    CreateWatchlistRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetCorporateAnnouncementsRequest,
    GetPortfolioHistoryRequest,
    UpdateWatchlistRequest,
)
from django.utils import timezone

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from portfolio.models import DailyValuation, Portfolio
from portfolio.recording.reversals import reverse_entries
from tests.factories import make_instrument, make_quote
from tests.integrations.alpaca_api.test_trading_client import Match, buy
from tests.portfolio.factories import draft_deposit, post

NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("apple")


def test_the_account_is_the_portfolio(trading: Any, account: Portfolio) -> None:
    found = trading.get_account()
    assert found.id == account.id
    assert found.status == "ACTIVE"
    assert Decimal(found.cash) == Decimal(found.equity) == Decimal(10_000)
    assert Decimal(found.buying_power) == Decimal(10_000)


def test_assets_are_the_instruments(trading: Any, apple: Instrument) -> None:
    make_instrument("VOD", mic="XLON")
    assets = {asset.symbol: asset for asset in trading.get_all_assets()}
    assert set(assets) == {"AAPL", "VOD"}
    assert assets["VOD"].exchange == ""
    nasdaq = trading.get_all_assets(GetAssetsRequest(exchange=AssetExchange.NASDAQ))
    assert [asset.symbol for asset in nasdaq] == ["AAPL"]
    assert trading.get_asset("AAPL") == trading.get_asset(assets["AAPL"].id)
    assert trading.get_asset("AAPL").tradable
    for unknown in ("NONE", str(uuid4())):
        with pytest.raises(APIError) as refused:
            trading.get_asset(unknown)
        assert refused.value.code == 40410000


def test_clock_and_calendar(trading: Any) -> None:
    clock = trading.get_clock()
    assert clock.is_open
    assert clock.next_close > clock.timestamp
    days = trading.get_calendar(GetCalendarRequest(start=date(2025, 7, 3), end=date(2025, 7, 7)))
    assert [day.date for day in days] == [date(2025, 7, 3), date(2025, 7, 7)]
    assert f"{days[0].open:%H:%M} {days[0].close:%H:%M}" == "09:30 13:00"


def test_the_configuration_is_as_it_is(trading: Any) -> None:
    found = trading.get_account_configurations()
    assert found.no_shorting
    assert trading.set_account_configurations(found) == found
    found.no_shorting = False
    with pytest.raises(APIError) as refused:
        trading.set_account_configurations(found)
    assert refused.value.code == 40010001


@pytest.mark.skipif(
    not hasattr(TradingClient, "get_portfolio_history"), reason="the client is too old to ask"
)
def test_the_history_is_the_days(trading: Any, account: Portfolio) -> None:
    found = trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1A"))
    assert found.timeframe == "1D"
    assert set(found.equity) == {10_000.0}
    assert set(found.profit_loss) == {0.0}
    with pytest.raises(APIError):
        trading.get_portfolio_history(GetPortfolioHistoryRequest(timeframe="1Min"))


def test_the_history_ends_with_this_moment_of_which_nothing_is_stored(
    trading: Any, account: Portfolio
) -> None:
    """A row of today would stand for the day as it was then, once it is over."""
    first = trading.get("/account/portfolio/history")
    post(draft_deposit(account, "500", at=timezone.now()))
    found = trading.get("/account/portfolio/history")
    assert (first["equity"][-1], found["equity"][-1]) == (10_000, 10_500)
    assert found["profit_loss"][-1] == 0
    today = timezone.now().date()
    assert not DailyValuation.objects.filter(portfolio=account, date=today).exists()


def test_watchlists(trading: Any, account: Portfolio) -> None:
    make_instrument("MSFT")
    made = trading.create_watchlist(CreateWatchlistRequest(name="Tech", symbols=["AAPL"]))
    assert made.account_id == account.id
    assert [asset.symbol for asset in made.assets] == ["AAPL"]
    more = trading.add_asset_to_watchlist_by_id(made.id, "MSFT")
    assert [asset.symbol for asset in more.assets] == ["AAPL", "MSFT"]
    less = trading.remove_asset_from_watchlist_by_id(made.id, "AAPL")
    assert [asset.symbol for asset in less.assets] == ["MSFT"]
    changed = trading.update_watchlist_by_id(
        made.id, UpdateWatchlistRequest(name="Fruit", symbols=["AAPL"])
    )
    assert (changed.name, [asset.symbol for asset in changed.assets]) == ("Fruit", ["AAPL"])
    assert [one.id for one in trading.get_watchlists()] == [made.id]
    assert trading.get_watchlist_by_id(made.id) == changed
    with pytest.raises(APIError):
        trading.add_asset_to_watchlist_by_id(made.id, "NONE")
    assert len(trading.get_watchlist_by_id(made.id).assets) == 1
    trading.delete_watchlist_by_id(made.id)
    assert trading.get_watchlists() == []


def test_activities_tell_of_fills_and_money(trading: Any, match: Match) -> None:
    buy(trading)
    match()
    every = trading.get("/account/activities")
    assert [one["activity_type"] for one in every] == ["FILL", "CSD"]
    (fill,) = trading.get("/account/activities/FILL")
    assert (fill["symbol"], fill["qty"], fill["price"]) == ("AAPL", "10", "200.01")
    first = trading.get("/account/activities", {"page_size": 1})
    assert first == every[:1]
    rest = trading.get("/account/activities", {"page_size": 1, "page_token": first[0]["id"]})
    assert rest == every[1:]


def test_fills_tell_of_the_order_as_it_was_then(
    trading: Any, match: Match, apple: Instrument
) -> None:
    buy(trading)
    for size in ("4", "6"):
        make_quote(apple, ask="200.01", size=size)
        match()
    fills = trading.get("/account/activities/FILL", {"direction": "asc"})
    told = [(one["type"], one["order_status"], one["cum_qty"], one["leaves_qty"]) for one in fills]
    assert told == [
        ("partial_fill", "partially_filled", "4", "6"),
        ("fill", "filled", "10", "0"),
    ]


def test_money_taken_back_is_told_as_canceled(trading: Any, account: Portfolio) -> None:
    deposit = account.entries.get(kind="deposit")
    reverse_entries(portfolio=account, entry_ids=[deposit.id], reversed_at=timezone.now())
    told = trading.get("/account/activities")
    assert [(one["activity_type"], one["status"]) for one in told] == [("CSD", "canceled")]


@pytest.mark.filterwarnings("ignore:get_corporate_announcements is deprecated")
def test_announcements_are_the_dividends_and_splits(trading: Any, apple: Instrument) -> None:
    Instrument.objects.filter(id=apple.id).update(isin="US0378331005")

    def record(kind: ActionKind, day: int, **facts: Any) -> CorporateAction:
        made = ActionFacts(kind=kind, ex_date=date(2025, 8, day), **facts)
        return record_action(instrument=apple, facts=made, source="test", recorded_at=NOON)

    money = {"amount_per_share": Decimal("0.26"), "currency": "USD"}
    dividend = record(ActionKind.DIVIDEND, 11, pay_date=date(2025, 8, 14), **money)
    split = record(ActionKind.SPLIT, 20, ratio_from=1, ratio_to=4)
    reverse = record(ActionKind.SPLIT, 22, ratio_from=10, ratio_to=1)

    def ask(*kinds: str, **asked: Any) -> list[Any]:
        days = {"since": date(2025, 8, 1), "until": date(2025, 8, 31)}
        wanted = GetCorporateAnnouncementsRequest(
            ca_types=[CorporateActionType(one) for one in kinds], **days | asked
        )
        found: list[Any] = trading.get_corporate_announcements(wanted)
        return found

    every = ask("dividend", "split", "merger", "spinoff")
    assert [one.id for one in every] == [dividend.id, split.id, reverse.id]
    assert [one.ca_sub_type for one in every] == ["cash", "stock_split", "reverse_split"]
    assert (every[0].initiating_symbol, every[0].cash) == ("AAPL", 0.26)
    assert every[0].initiating_original_cusip == "037833100"
    assert (every[1].old_rate, every[1].new_rate, every[1].cash) == (1, 4, 0)
    assert ask("dividend", until=date(2025, 8, 10)) == []
    assert ask("dividend", date_type="payable_date", since=date(2025, 8, 14)) == every[:1]
    assert ask("split", symbol="MSFT") == ask("split", cusip="594918104") == []
    assert ask("split", cusip="037833100") == every[1:]
    assert trading.get_corporate_announcement_by_id(str(dividend.id)) == every[0]
    with pytest.raises(APIError) as refused:
        trading.get_corporate_announcement_by_id(str(uuid4()))
    assert refused.value.code == 40410000
    with pytest.raises(APIError, match="record_date is not known here"):
        ask("dividend", date_type="record_date")
