"""The drawer of a figure: opened beside it, or as a page where there is no script."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import escape
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import EuroRate, Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.explaining.explain import FIGURES
from portfolio.explaining.of_lots import LOT_FIGURES
from portfolio.explaining.of_position_days import POSITION_DAYS
from portfolio.explaining.of_positions import POSITION_FIGURES
from portfolio.explaining.of_unions import UNION_FIGURES
from portfolio.models import Lot, Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

LAST_WEEK = timezone.now() - timedelta(days=7)
DRAWER = {"HX-Request": "true", "HX-Target": "explain-place"}


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    opened = make_tracked(alice, name="Savings", cash="10000.333", opened_at=LAST_WEEK)
    apple = make_instrument("AAPL")
    make_daily_bars(apple, [100, 101, 102, 99, 98, 103, 104], first_at=LAST_WEEK)
    make_quote(apple, last="110.005", previous_close="100")
    post(draft_trade(opened, apple, quantity="7", price="100", at=LAST_WEEK, is_settled=True))
    return opened


def amounts(page: str, mark: str) -> list[Decimal]:
    cells = re.findall(rf"{mark}>([^<]*)<", page)
    return [Decimal(re.sub(r"[$,+]", "", one).replace("−", "-")) for one in cells]


def path_to(portfolio: Portfolio, figure: str) -> str:
    return f"/portfolios/{portfolio.id}/explanations/{figure}"


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_opens(browser: Client, portfolio: Portfolio, figure: str) -> None:
    path = f"/portfolios/{portfolio.id}/explanations/{figure}"
    page = browser.get(path, {"range": "max"})
    assert page.status_code == 200
    assert "How is this computed?" in page.content.decode()
    drawer = browser.get(path, {"range": "max"}, headers=DRAWER).content.decode()
    assert "<main" not in drawer
    assert f'data-explanation="{figure}"' in drawer


def test_lines_add_up_to_what_home_shows(browser: Client, portfolio: Portfolio) -> None:
    path = f"/portfolios/{portfolio.id}/explanations/total_value"
    drawer = browser.get(path, headers=DRAWER).content.decode()
    (total,) = amounts(drawer, "data-explained")
    assert sum(amounts(drawer, "data-explained-line")) == total
    assert amounts(drawer, "data-explained-total") == [total]
    home = browser.get("/home").content.decode()
    assert f"${total:,}" in home
    assert path in home


def test_a_drawer_leaves_the_address_of_its_page(browser: Client, portfolio: Portfolio) -> None:
    for path in (path_to(portfolio, "cash"), "/combined/explanations/cash"):
        assert browser.get(path, headers=DRAWER).headers["HX-Push-Url"] == "false"


def test_performance_links_each_figure(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get(f"/portfolios/{portfolio.id}/performance?range=max").content.decode()
    for figure in ("twr", "xirr", "sharpe", "unrealised_gain", "end_value"):
        assert f"/explanations/{figure}?range=max" in page


@pytest.mark.parametrize("figure", POSITION_FIGURES)
def test_each_figure_of_a_position_opens(
    browser: Client, portfolio: Portfolio, figure: str
) -> None:
    path = path_to(portfolio, figure)
    page = browser.get(path, {"symbol": "AAPL"}).content.decode()
    history = f"/portfolios/{portfolio.id}/positions/AAPL/history"
    assert f'href="{history}"' in page
    drawer = browser.get(path, {"symbol": "AAPL"}, headers=DRAWER).content.decode()
    assert "<main" not in drawer
    assert f'data-explanation="{figure}"' in drawer
    assert f'href="{path_to(portfolio, "cost")}?symbol=AAPL"' in drawer  # others of the same
    if figure != "currency_gain":
        assert f'href="{path}?symbol=AAPL"' in browser.get(history).content.decode()


@pytest.mark.parametrize("figure", POSITION_DAYS)
def test_what_a_position_did_opens(browser: Client, portfolio: Portfolio, figure: str) -> None:
    path, asked = path_to(portfolio, figure), {"symbol": "AAPL", "range": "1m"}
    history = f"/portfolios/{portfolio.id}/positions/AAPL/history?range=1m"
    page = browser.get(path, asked)
    assert f'href="{history}"' in page.content.decode()
    assert "value at the end" not in page.content.decode()  # that is the portfolio's identity
    drawer = browser.get(path, asked, headers=DRAWER).content.decode()
    assert "in 1 month" in drawer
    told = browser.get(history)
    if figure not in ("charges", "gain_by_rates"):  # not told apart, and of other currencies
        assert f'href="{path}?symbol=AAPL&amp;range=1m"' in told.content.decode()
        assert page.context["found"].value == getattr(told.context["history"].span, figure)


def test_a_position_that_was_sold_explains_its_gain(browser: Client, portfolio: Portfolio) -> None:
    post(
        draft_trade(
            portfolio,
            Instrument.objects.get(symbol="AAPL"),
            EntryKind.SELL,
            quantity="7",
            price="101.25",
            at=LAST_WEEK + timedelta(days=1),
            is_settled=True,
        )
    )
    page = browser.get(f"/portfolios/{portfolio.id}/positions/AAPL/history").content.decode()
    assert "+$8.75" in page
    assert "explanations/realised_gain?symbol=AAPL" in page
    assert "explanations/cost" not in page


@pytest.mark.parametrize("figure", UNION_FIGURES)
def test_each_figure_of_all_together_opens(
    browser: Client, alice: User, portfolio: Portfolio, figure: str
) -> None:
    pension = make_tracked(alice, name="Pension", cash="500.125", opened_at=LAST_WEEK)
    path, asked = f"/combined/explanations/{figure}", {"range": "max", "portfolio": str(pension.id)}
    page = browser.get(path, asked).content.decode()
    assert f'href="/combined?{escape(urlencode(asked))}"' in page
    drawer = browser.get(path, {"range": "max"}, headers=DRAWER).content.decode()
    assert "<main" not in drawer
    assert f'data-explanation="{figure}"' in drawer


def test_all_together_is_explained_by_portfolio(
    browser: Client, alice: User, portfolio: Portfolio
) -> None:
    make_tracked(alice, name="Pension", cash="500.125", opened_at=LAST_WEEK)
    page = browser.get("/combined", {"range": "max"}).content.decode()
    for figure in ("total_value", "day_change", "twr", "net_flows"):
        assert f'href="/combined/explanations/{figure}?range=max"' in page
    drawer = browser.get("/combined/explanations/total_value", headers=DRAWER).content.decode()
    (worth,) = amounts(drawer, "data-explained")
    assert sum(amounts(drawer, "data-explained-line")) == worth
    assert f"${worth:,}" in page
    assert "Pension" in drawer


def test_all_together_leaves_out_what_is_a_strangers(
    browser: Client, client: Client, portfolio: Portfolio
) -> None:
    path = "/combined/explanations/total_value"
    assert browser.get("/combined/explanations/nonsense").status_code == 404
    client.force_login(make_user("charlie@example.com"))
    assert client.get(path).status_code == 302
    make_tracked(User.objects.get(email="charlie@example.com"), name="His own")
    page = client.get(path, {"portfolio": str(portfolio.id)}).content.decode()
    assert "His own" in page
    assert "Savings" not in page


@pytest.mark.parametrize("figure", LOT_FIGURES)
def test_each_figure_of_a_lot_opens(browser: Client, portfolio: Portfolio, figure: str) -> None:
    lot = Lot.objects.get(portfolio=portfolio)
    tab = f"/portfolios/{portfolio.id}/lots"
    assert f"?lot_id={lot.id}" in browser.get(tab).content.decode()
    asked = {"lot_id": str(lot.id)}
    drawer = browser.get(path_to(portfolio, figure), asked, headers=DRAWER).content.decode()
    assert f'data-explanation="{figure}"' in drawer
    assert f'href="{path_to(portfolio, "cost")}?lot_id={lot.id}"' in drawer
    assert f'href="{tab}"' in browser.get(path_to(portfolio, figure), asked).content.decode()


def test_parts_of_an_allocation_income_and_cash_open_from_their_pages(
    browser: Client, portfolio: Portfolio
) -> None:
    tab = f"/portfolios/{portfolio.id}"
    page = browser.get(f"{tab}/allocation", {"by": "sector"}).content.decode()
    address = f"{path_to(portfolio, 'weight_pct')}?by=sector&amp;key=cash"
    assert f'href="{address}"' in page
    drawer = browser.get(address.replace("&amp;", "&"), headers=DRAWER).content.decode()
    assert 'data-explanation="weight_pct"' in drawer
    assert f'href="{path_to(portfolio, "value")}?by=sector&amp;key=cash"' in drawer
    by_instrument = browser.get(f"{tab}/allocation").content.decode()
    assert f'href="{tab}/positions/XNAS:AAPL/history"' in by_instrument
    assert path_to(portfolio, "net_income") in browser.get(f"{tab}/income").content.decode()
    assert f'href="{tab}/income"' in browser.get(path_to(portfolio, "net_income")).content.decode()
    assert path_to(portfolio, "cash") in browser.get(f"{tab}/cash").content.decode()
    assert f'href="{tab}/cash"' in browser.get(path_to(portfolio, "cash")).content.decode()


def test_amounts_are_blurred_wherever_they_stand(browser: Client, portfolio: Portfolio) -> None:
    """Also where the figure itself is a return, whose inputs are money."""
    for figure, asked in (("simple_return", {}), ("weight_pct", {"symbol": "AAPL"})):
        page = browser.get(path_to(portfolio, figure), asked, headers=DRAWER).content.decode()
        for cell in re.findall(r"<td[^>]*>[^<]*\$[^<]*<", page):
            assert "amount" in cell


def test_a_missing_rate_is_not_worded_as_a_return_without_one(
    browser: Client, portfolio: Portfolio
) -> None:
    for currency in ("GBP", "USD"):
        EuroRate.objects.create(
            currency=currency, on_date=LAST_WEEK.date(), per_euro=Decimal("0.9")
        )
    cash = ActivityDraft(kind="deposit", occurred_at=LAST_WEEK, amount=Decimal(10), currency="GBP")
    record_activity(portfolio=portfolio, activity=cash, recorded_at=timezone.now())
    EuroRate.objects.all().delete()
    page = browser.get(path_to(portfolio, "total_value")).content.decode()
    assert "A currency has no rate." in page


def test_what_is_not_a_figure_is_not_found(browser: Client, portfolio: Portfolio) -> None:
    assert browser.get(path_to(portfolio, "nonsense")).status_code == 404
    for figure, symbol in (("cost", "NOPE"), ("twr", "AAPL")):
        assert browser.get(path_to(portfolio, figure), {"symbol": symbol}).status_code == 404
    assert browser.get(path_to(portfolio, "cost"), {"lot_id": "x"}).status_code == 404
    for asked in ({"by": "sector"}, {"by": "sector", "key": "None"}, {"by": "x", "key": "cash"}):
        assert browser.get(path_to(portfolio, "value"), asked).status_code == 404


def test_for_a_stranger_there_is_none(client: Client, portfolio: Portfolio) -> None:
    client.force_login(make_user("charlie@example.com"))
    assert client.get(f"/portfolios/{portfolio.id}/explanations/twr").status_code == 404
