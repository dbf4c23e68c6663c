"""Returns before what was charged, beside those after it."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from market.models import Instrument
from tests.api.books import Book, close_at, near
from tests.api.clients import ApiClient


def test_charges_part_gross_from_net(api: ApiClient, apple: Instrument) -> None:
    close_at(apple, 100, 100, 100, 110, 110)
    book = Book(api)
    book("deposit", amount="1010", day=0)
    book("buy", 10, 100, fees="8", taxes="2", day=1)
    book("fee", amount="11", day=3)
    found = book.performance(end="2024-01-06")
    # 1,010 became 1,089 after charges of 21, of which 10 were part of the purchase.
    assert (found["trade_fees"], found["trade_taxes"], found["fees"]) == ("8", "2", "11")
    assert Decimal(found["simple_return"]) == (Decimal(79) / 1010).quantize(Decimal("1E-10"))
    assert near(Decimal(found["gross_simple_return"]), f"{Decimal(100) / 1010:.10f}")
    net = (Decimal(1000) / 1010) * (Decimal(1089) / 1000) - 1
    gross = (Decimal(1010) / 1010) * (Decimal(1100) / 1000) - 1
    assert near(Decimal(found["twr"]), f"{net:.8f}")
    assert near(Decimal(found["gross_twr"]), f"{gross:.8f}")
    assert Decimal(found["gross_xirr"]) > Decimal(found["xirr"])


def test_without_charges_gross_is_net(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("deposit", amount="100", day=0)
    book("interest", amount="10", day=5)
    found = book.performance(end="2024-02-01")
    for name in ("twr", "xirr", "simple_return"):
        assert found[name] == found[f"gross_{name}"] is not None


def test_withheld_tax_counts_in_gross(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("deposit", amount="100", day=0)
    book("dividend", amount="10", taxes="4", symbol="AAPL", day=1)
    found = book.performance(end="2024-02-01")
    assert (found["twr"], found["gross_twr"]) == ("0.06", "0.1")


def test_a_gross_figure_that_is_missing_says_why(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("deposit", amount="100", day=0)
    book("buy", 1, 50, day=1)
    found = book.performance(end=str(timezone.now().date() - timedelta(days=1)))
    for name in ("gross_twr", "gross_xirr", "gross_simple_return"):
        assert found[name] is None
        assert found["reasons"][name]
