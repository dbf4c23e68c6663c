"""Several portfolios as one: totals, positions, and returns in which transfers are internal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from market.models import Instrument
from tests.api.books import Book, close_at, load_rates, near
from tests.api.clients import ApiClient, key_for
from tests.factories import make_quote

TERMS = (
    *("net_flows", "realised_gain", "unrealised_gain", "income", "currency_effect"),
    *("identity_gap", "start_value"),
)


EXPLAINED = "/combined/explanations/total_value"


def together(api: ApiClient, *books: Book, **query: Any) -> dict[str, Any]:
    ids = [book.id for book in books]
    answer = api.get("/combined/performance", portfolio_id=ids, **query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    if found["identity_gap"] is not None:
        sums = sum((Decimal(found[name]) for name in TERMS), Decimal(0))
        charges = Decimal(found["fees"]) + Decimal(found["taxes"])
        assert round(sums - charges - Decimal(found["end_value"]), 8) == 0
        assert round(Decimal(found["identity_gap"]), 8) == 0
    return found


def test_a_transfer_is_external_to_each_and_internal_to_both(
    api: ApiClient, apple: Instrument
) -> None:
    close_at(apple, 100, 100, 110, 110, 121, 121)
    one, other = Book(api), Book(api)
    one("deposit", amount="1000", day=0)
    one("buy", 10, 100, day=1)
    one("transfer_out", 4, counterpart=other.id, day=3)
    assert Decimal(one.performance(end="2024-01-07")["net_flows"]) == 560
    assert Decimal(other.performance(end="2024-01-07")["net_flows"]) == 440
    found = together(api, one, other, end="2024-01-07")
    assert (found["net_flows"], found["end_value"]) == ("1000", "1210")
    assert Decimal(found["unrealised_gain"]) == 210
    assert (found["twr"], found["simple_return"]) == ("0.21", "0.21")


def test_cash_moved_between_both_is_internal(api: ApiClient, apple: Instrument) -> None:
    one, other = Book(api), Book(api)
    one("deposit", amount="1000", day=0)
    one("transfer_out", amount="400", counterpart=other.id, day=2)
    other("interest", amount="10", day=4)
    found = together(api, one, other, end="2024-01-10")
    assert (found["net_flows"], found["end_value"], found["twr"]) == ("1000", "1010", "0.01")


def test_the_other_side_of_a_transfer_is_a_flow_where_it_is_left_out(
    api: ApiClient, apple: Instrument
) -> None:
    one, other, third = Book(api), Book(api), Book(api)
    one("deposit", amount="1000", day=0)
    one("transfer_out", amount="400", counterpart=other.id, day=2)
    third("deposit", amount="50", day=1)
    found = together(api, one, third, end="2024-01-10")
    assert (found["net_flows"], found["end_value"]) == ("650", "650")


def test_two_currencies_count_at_the_rates_of_their_days(api: ApiClient, apple: Instrument) -> None:
    from market.models import EuroRate

    load_rates(USD="1.25")
    EuroRate.objects.filter(currency="USD", on_date__gte="2024-01-06").update(per_euro="1.00")
    dollars, euros = Book(api), Book(api, currency="EUR")
    dollars("deposit", amount="1000", day=0)
    euros("deposit", amount="500", day=0)
    found = together(api, dollars, euros, end="2024-01-08", currency="EUR")
    # 800 euros of dollars became 1,000; nothing but the rate moved.
    assert (found["net_flows"], found["end_value"]) == ("1300", "1500")
    assert (found["currency_effect"], found["unrealised_gain"]) == ("200", "0")
    assert near(Decimal(found["twr"]), f"{Decimal(200) / 1300:.8f}")
    dollar = together(api, dollars, euros, end="2024-01-08", currency="USD")
    assert (dollar["net_flows"], dollar["end_value"]) == ("1625", "1500")
    assert dollar["currency_effect"] == "-125"


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_what_goes_between_two_currencies_leaves_nothing_open(
    api: ApiClient, apple: Instrument, currency: str
) -> None:
    """Rates move before the transfers, between them, and after."""
    from market.models import EuroRate

    close_at(apple, 50, 50, 52, 55, 55, 60, 60, 60)
    load_rates(USD="1.25")
    for day, rate in (("04", "1.2"), ("06", "1.1"), ("07", "1.00")):
        EuroRate.objects.filter(currency="USD", on_date__gte=f"2024-01-{day}").update(per_euro=rate)
    dollars, euros = Book(api), Book(api, currency="EUR")
    dollars("deposit", amount="1000", day=0)
    euros("deposit", amount="500", day=0)
    dollars("buy", 10, 50, fees="1", day=1)
    dollars("transfer_out", 4, counterpart=euros.id, day=2)
    dollars("transfer_out", amount="100", counterpart=euros.id, day=4)
    found = together(api, dollars, euros, end="2024-01-08", currency=currency)
    ids = [dollars.id, euros.id]
    told = api.get(
        "/combined/explanations/currency_effect",
        portfolio_id=ids,
        end="2024-01-08",
        currency=currency,
    ).json()
    (part,) = told["parts"]
    assert Decimal(part["total"]) == Decimal(found["currency_effect"]) == Decimal(told["value"])


def test_a_missing_rate_is_a_reason(api: ApiClient, apple: Instrument) -> None:
    dollars, euros = Book(api), Book(api, currency="EUR")
    dollars("deposit", amount="1000", day=0)
    euros("deposit", amount="500", day=0)
    found = together(api, dollars, euros, end="2024-01-08", currency="EUR")
    assert (found["end_value"], found["twr"]) == (None, None)
    assert found["reasons"]["simple_return"] == "no_rate"
    assert found["reasons"]["twr"]


def test_one_portfolio_alone_is_itself(api: ApiClient, apple: Instrument) -> None:
    close_at(apple, 100, 100, 110, 110)
    book = Book(api)
    book("deposit", amount="1000", day=0)
    book("buy", 9, 100, fees="3", day=1)
    alone = book.performance(end="2024-01-05")
    found = together(api, book, end="2024-01-05")
    assert found | {"method": None} == alone | {"method": None}


def test_positions_and_totals_add_up(api: ApiClient, alice: User, apple: Instrument) -> None:
    load_rates(USD="1.25")
    make_quote(apple, last="100", previous_close="90")
    dollars, euros = Book(api), Book(api, currency="EUR")
    dollars("deposit", amount="5000", day=0)
    dollars("buy", 10, 100, day=1)
    euros("deposit", amount="5000", day=0)
    euros("buy", 5, 100, exchange_rate="0.8", day=1)
    found = api.get("/combined", currency="EUR").json()
    assert [one["total_value"] for one in found["portfolios"]] == ["4000", "5000"]
    assert (found["total_value"], found["cash"], found["market_value"]) == (
        *("9000", "7800", "1200"),
    )
    (position,) = found["positions"]
    assert (position["quantity"], position["market_value"]) == ("15", "1200")
    assert sorted(position["portfolio_ids"]) == sorted([dollars.id, euros.id])
    assert Decimal(position["day_change"]) == Decimal(found["day_change"]) == 120


def test_the_currency_is_the_common_one_or_the_users(
    api: ApiClient, alice: User, apple: Instrument
) -> None:
    load_rates(USD="1.25")
    Book(api, currency="EUR")
    assert api.get("/combined").json()["currency"] == "EUR"
    Book(api)
    assert api.get("/combined").json()["currency"] == alice.base_currency


@pytest.mark.parametrize("path", ["/combined", "/combined/performance", EXPLAINED])
def test_who_has_none_or_asks_for_a_strangers_finds_none(
    api: ApiClient, stranger_api: ApiClient, alice: User, apple: Instrument, path: str
) -> None:
    assert api.get(path).status_code == 404
    mine, other = Book(api), Book(api)
    assert stranger_api.get(path, portfolio_id=[mine.id]).status_code == 404
    bound = ApiClient(key_for(alice, portfolio_ids=[mine.id]))
    assert bound.get(path, portfolio_id=[mine.id, other.id]).status_code == 404
    assert bound.get(path).status_code == 200
    assert api.get(path, currency="euro").status_code == 422
