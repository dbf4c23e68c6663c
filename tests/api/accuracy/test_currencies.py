"""Worked cases that others published: booked rates, minor units, what rates did."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from market.models import EuroRate, Instrument
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient
from tests.factories import make_instrument, make_quote


def test_booked_rates_beat_the_rates_of_the_day(api: ApiClient) -> None:
    load_rates(USD="1.1")
    book = Book(api, currency="EUR", starting_cash="10000")
    buy = book("buy", 10, 100, fees="5", currency="USD", exchange_rate="0.93")
    assert buy["currency"] == "USD"
    assert Decimal(api.get(book.path).json()["cash"]) == 10000 - Decimal("934.65")
    book("sell", 10, 100, fees="5", currency="USD", exchange_rate="0.95")
    assert Decimal(api.get(book.path).json()["cash"]) == Decimal("10010.60")
    assert book.realised() == Decimal("10.60")
    found = book.performance()
    assert Decimal(found["end_value"]) == Decimal("10010.60")


def test_pennies_are_hundredths_of_a_pound(api: ApiClient) -> None:
    shell = make_instrument("SHEL")
    Instrument.objects.filter(id=shell.id).update(currency="GBX")
    make_quote(shell, last="250")
    book = Book(api, currency="GBP", starting_cash="5000")
    book("buy", 1000, "243.08", symbol="SHEL")
    assert Decimal(api.get(book.path).json()["cash"]) == 5000 - Decimal("2430.80")
    held = book.position("SHEL")
    assert (held["cost"], held["market_value"], held["price"]) == ("2430.8", "2500", "250")
    assert (held["local_cost"], held["currency_gain"]) == ("243080", "0")


def test_what_rates_did_is_told_apart(api: ApiClient) -> None:
    load_rates(USD="1.25")
    EuroRate.objects.filter(on_date__gte=date(2024, 1, 10)).update(per_euro=Decimal(1))
    book = Book(api, currency="EUR")
    book("deposit", amount="2000", currency="USD", day=0)
    book("buy", 10, 100, currency="USD", day=0)
    # 1,000 USD of cash and 1,000 USD of cost gained a quarter each; prices stood still at 100.
    held = book.position()
    assert (held["cost"], held["currency_gain"], held["unrealised_gain"]) == ("800", "200", "200")
    found = book.performance()
    assert Decimal(found["end_value"]) == 2000
    assert Decimal(found["currency_effect"]) == 400
    assert Decimal(found["unrealised_gain"]) == 0
