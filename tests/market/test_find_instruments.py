import pytest
from pytest_django import DjangoAssertNumQueries

from market.errors import AmbiguousSymbol, UnknownSymbol
from market.queries import instrument_by_address, instruments_by_addresses, search_instruments
from tests.market.factories import make_instrument

pytestmark = pytest.mark.django_db


def test_a_symbol_or_a_full_address_finds_the_instrument() -> None:
    apple = make_instrument("AAPL", mic="XNAS")
    for address in ("AAPL", "aapl", " XNAS:AAPL ", "xnas:aapl"):
        assert instrument_by_address(address) == apple


def test_an_unknown_symbol_is_named() -> None:
    make_instrument("AAPL", mic="XNAS")
    for address in ("NONE", "XNYS:AAPL", "", ":"):
        with pytest.raises(UnknownSymbol):
            instrument_by_address(address)


def test_an_ambiguous_symbol_names_its_addresses() -> None:
    make_instrument("VOD", mic="XLON")
    nasdaq = make_instrument("VOD", mic="XNAS")
    with pytest.raises(AmbiguousSymbol) as caught:
        instrument_by_address("VOD")
    assert caught.value.choices == ("XLON:VOD", "XNAS:VOD")
    assert instrument_by_address("XNAS:VOD") == nasdaq


def test_an_inactive_listing_does_not_make_a_symbol_ambiguous() -> None:
    make_instrument("VOD", mic="XLON", is_active=False)
    nasdaq = make_instrument("VOD", mic="XNAS")
    gone = make_instrument("GONE", is_active=False)
    assert instrument_by_address("VOD") == nasdaq
    assert instrument_by_address("GONE") == gone


def test_many_addresses_take_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    apple, microsoft = make_instrument("AAPL"), make_instrument("MSFT")
    with django_assert_num_queries(1):
        found = instruments_by_addresses(["MSFT", "XNYS:AAPL", "MSFT"])
        assert list(found.items()) == [("MSFT", microsoft), ("XNYS:AAPL", apple)]
        assert found["MSFT"].exchange.timezone == "America/New_York"


def test_search_ranks_symbol_then_prefix_then_name() -> None:
    names = {
        "CAT": "Caterpillar",
        "CA": "Casino",
        "CATX": "Other",
        "ZZ": "The Cat Company",
        "DOG": "Dog",
    }
    made = {symbol: make_instrument(symbol, name=name) for symbol, name in names.items()}
    make_instrument("CATS", is_active=False)
    assert [row.symbol for row in search_instruments("cat")] == ["CAT", "CATX", "ZZ"]
    assert [row.symbol for row in search_instruments("XNYS:CA")] == ["CA", "CAT", "CATX"]
    assert search_instruments("  ")[0] == made["CA"]
    assert len(search_instruments("", limit=2)) == 2
    assert search_instruments("100%_") == []


def test_search_knows_the_isin() -> None:
    apple = make_instrument("AAPL", isin="US0378331005")
    assert search_instruments("us0378331005") == [apple]
