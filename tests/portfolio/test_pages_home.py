"""The landing page, home, and the figures that follow prices."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.models import DailyValuation, Portfolio
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.held_rows import row_held
from tests.portfolio.factories import activity, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

WORTH_ALONE: Final = {"HX-Request": "true", "HX-Target": "worth"}
YESTERDAY = timezone.now() - timedelta(days=1)


@pytest.fixture
def apple() -> Instrument:
    instrument = make_instrument("AAPL", name="Apple Inc.")
    make_quote(instrument, last="110", previous_close="100")
    return instrument


@pytest.fixture
def portfolio(alice: User, apple: Instrument) -> Portfolio:
    """Ten units bought at 100, worth 110 now; 9,000 in cash."""
    opened = make_tracked(
        alice, name="Savings", cash="10000", opened_at=YESTERDAY - timedelta(days=5)
    )
    post(draft_trade(opened, apple, quantity="10", price="100", at=YESTERDAY, is_settled=True))
    return opened


def store_worth(portfolio: Portfolio, days_ago: int, cash: str) -> None:
    """A day as if it had been valued so, and nothing had happened since."""
    Portfolio.objects.filter(id=portfolio.id).update(valuations_stale_from=None)
    DailyValuation.objects.create(
        portfolio=portfolio,
        date=timezone.now().date() - timedelta(days=days_ago),
        cash=Decimal(cash),
        market_value=Decimal(0),
        cost=Decimal(0),
        net_flow=Decimal(0),
    )


def test_the_landing_page_shows_prices_to_strangers(client: Client, apple: Instrument) -> None:
    page = client.get("/").content.decode()
    assert "Try the demo" in page
    assert "110.00" in page
    assert "+10.00%" in page


def test_the_board_alone_answers_the_poll(client: Client, apple: Instrument) -> None:
    board = client.get("/board").content.decode()
    assert "<html" not in board
    assert 'hx-get="/board"' in board


def test_who_is_signed_in_goes_home(browser: Client) -> None:
    assert browser.get("/").headers["Location"] == "/home"


def test_home_asks_strangers_to_sign_in(client: Client) -> None:
    assert client.get("/home").headers["Location"] == "/accounts/login/?next=/home"


def test_home_without_a_portfolio_says_what_to_do(browser: Client) -> None:
    page = browser.get("/home").content.decode()
    assert "Three steps to begin" in page
    assert "Open your first portfolio" in page


def test_home_tells_what_it_is_worth(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get("/home").content.decode()
    assert "$10,100.00" in page  # 9,000 in cash and ten units at 110
    assert "+$100.00" in page  # gained today
    assert "AAPL" in page
    assert "simulated" in page


def test_a_missing_price_is_not_guessed(browser: Client, alice: User, portfolio: Portfolio) -> None:
    unpriced = make_instrument("ZZZ")
    post(draft_trade(portfolio, unpriced, quantity="1", price="5", at=YESTERDAY, is_settled=True))
    page = browser.get("/home").content.decode()
    assert "no price" in page
    assert "No price for ZZZ" in page


def test_fresh_figures_are_those_of_the_page(
    browser: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    figures = browser.get(f"/portfolios/{portfolio.id}/figures").json()["figures"]
    assert figures["total_value"] == {"text": "$10,100.00", "direction": ""}
    assert figures["day_change"] == {"text": "+$100.00", "direction": "rise"}
    assert figures[f"value:{apple.id}"]["text"] == "$1,100.00"


def test_figures_of_a_stranger_do_not_exist(client: Client, portfolio: Portfolio) -> None:
    client.force_login(make_user("charlie@example.com"))
    assert client.get(f"/portfolios/{portfolio.id}/figures").status_code == 404


@pytest.mark.parametrize("key", ["1d", "1w", "1m", "ytd", "1y", "5y", "max", "nonsense"])
def test_the_range_answers_with_its_fragment(
    browser: Client, portfolio: Portfolio, key: str
) -> None:
    response = browser.get(f"/home?range={key}", headers=WORTH_ALONE)
    page = response.content.decode()
    assert "<html" not in page
    assert page.lstrip().startswith('<section class="card stack" id="worth"')
    shown = "1y" if key == "nonsense" else key
    assert f'hx-get="/portfolios/{portfolio.id}/drivers?range={shown}"' in page
    assert "HX-Target" in response.headers["Vary"]


def test_a_day_is_drawn_from_its_eve_to_now(browser: Client, portfolio: Portfolio) -> None:
    store_worth(portfolio, 2, "7777")
    store_worth(portfolio, 1, "10000")
    page = browser.get("/home?range=1d").content.decode()
    assert "$10,000.00;" in page
    assert "$10,100.00;" in page
    assert "$7,777.00" not in page
    assert "The end of yesterday, at midnight UTC, and now." in page
    assert "$7,777.00;" in browser.get("/home?range=1w").content.decode()


def test_home_values_what_nobody_has_valued_yet(
    browser: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    make_daily_bars(apple, [100] * 7, first_at=YESTERDAY - timedelta(days=6))
    assert "$10,000.00;" in browser.get("/home?range=1w").content.decode()
    days = DailyValuation.objects.filter(portfolio=portfolio)
    assert days.latest("date").date == YESTERDAY.date()
    # Something told late of a past day is in the chart at once, as it is in what drove the change.
    late = activity("buy", instrument=apple, at=YESTERDAY, quantity="10", unit_price="90")
    record_activity(portfolio=portfolio, activity=late, recorded_at=timezone.now())
    assert "$10,100.00;" in browser.get("/home?range=1w").content.decode()


@pytest.mark.django_db(transaction=True)
def test_home_does_not_wait_for_days_that_are_on_their_way(
    browser: Client, portfolio: Portfolio
) -> None:
    store_worth(portfolio, 2, "7777")
    store_worth(portfolio, 1, "8888")
    stale = YESTERDAY.date()
    Portfolio.objects.filter(id=portfolio.id).update(valuations_stale_from=stale)
    with row_held(portfolio):
        meanwhile = browser.get("/home?range=1w&benchmark=").content.decode()
    assert f"The days from {stale:%-d %b %Y} on are being valued anew" in meanwhile
    assert "$8,888.00;" in meanwhile
    assert f'hx-get="/home?portfolio={portfolio.id}&amp;range=1w"' in meanwhile
    afterwards = browser.get("/home?range=1w").content.decode()
    assert "valued anew" not in afterwards
    assert "$8,888.00;" not in afterwards


def test_the_worth_is_drawn_beside_what_it_is_compared_with(
    browser: Client, portfolio: Portfolio
) -> None:
    for days_ago, cash in ((3, "10000"), (2, "10050"), (1, "10090")):
        store_worth(portfolio, days_ago, cash)
    coca_cola = make_instrument("KO")
    days = [timezone.now() - timedelta(days=days_ago) for days_ago in (4, 3, 2, 1, 0)]
    make_daily_bars(coca_cola, ["50", "50", "51", "52", "55"], first_at=days[0])
    answer = browser.get("/home?range=1w&benchmark=KO", headers=WORTH_ALONE)
    page, chart = answer.content.decode(), answer.context["history"].chart
    assert "+10.00%" in page  # from 50 to 55
    assert 'class="chart__beside"' in page
    # Both begin at the same worth; its 11,000 of today lie above our 10,100.
    line, beside = chart.line_path.split("L"), chart.beside_path.split("L")
    assert line[0] == beside[0]
    assert len(line) == len(beside)
    assert float(beside[-1].split()[1]) < float(line[-1].split()[1])
    portfolio_id = portfolio.id
    assert f'href="/home?portfolio={portfolio_id}&amp;range=1m&amp;benchmark=KO"' in page
    assert f'href="/home?portfolio={portfolio_id}&amp;range=1w"' in page  # without it


@pytest.mark.parametrize("path", ["/home", "/portfolios/{id}"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("benchmark=AAPL", (200, "has no price on a day that needs one")),
        ("benchmark=NONE", (422, "There is no instrument")),
        ("benchmark_portfolio_id=00000000-0000-4000-8000-000000000000", (422, "valid choice")),
        ("benchmark_index_id=x", (422, "valid")),
        ("benchmark=", (200, "Compare with…")),
    ],
)
def test_what_cannot_be_compared_with_is_said(
    browser: Client, portfolio: Portfolio, path: str, query: str, expected: tuple[int, str]
) -> None:
    store_worth(portfolio, 2, "10000")
    address = f"{path}?range=1m&{query}".format(id=portfolio.id)
    answer = browser.get(address, headers=WORTH_ALONE)
    page = answer.content.decode()
    status, words = expected
    assert answer.status_code == status
    assert words in page
    assert "chart__beside" not in page
    assert "$10,100.00" in page


def test_home_asks_a_fixed_number_of_questions(
    browser: Client, portfolio: Portfolio, django_assert_max_num_queries: object
) -> None:
    for symbol in ("MSFT", "KO", "XOM"):
        more = make_instrument(symbol)
        make_quote(more)
        post(draft_trade(portfolio, more, quantity="1", price="5", at=YESTERDAY, is_settled=True))
    browser.get("/home")  # values the days before, once
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        browser.get("/home")


def test_the_palette_finds_instruments_and_places(browser: Client, portfolio: Portfolio) -> None:
    found = browser.get("/palette?q=appl").content.decode()
    assert 'href="/instruments/AAPL"' in found
    assert 'href="/instruments/AAPL"' in browser.get("/palette?q=appel").content.decode()
    places = browser.get("/palette?q=sav").content.decode()
    assert f'href="/portfolios/{portfolio.id}"' in places
    assert "Nothing found" in browser.get("/palette?q=qqqq").content.decode()


def test_an_unknown_address_says_so_to_everybody(client: Client, alice: User) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    client.force_login(alice)
    assert "Go home" in client.get("/nowhere").content.decode()
