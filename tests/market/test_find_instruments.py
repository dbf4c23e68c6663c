import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from market.errors import AmbiguousSymbol, UnknownSymbol
from market.instruments import instrument_search
from market.instruments.instrument_directory import InstrumentDirectory
from market.instruments.short_addresses import shortest_addresses
from market.live.hub_runner import read_listings
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


def test_search_finds_parts_of_an_isin() -> None:
    apple = make_instrument("AAPL", isin="US0378331005")
    make_instrument("MSFT", isin="US5949181045")
    for part in ("us037833", "78331005", "US0378331005"):
        assert search_instruments(part) == [apple]
    assert search_instruments("331") == []


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        pytest.param("appel", "AAPL", id="two letters swapped"),
        pytest.param("micorsoft", "MSFT", id="swapped in a long word"),
        pytest.param("gogle", "GOOGL", id="one left out of a symbol"),
        pytest.param("alphabett", "GOOGL", id="one too many"),
        pytest.param("alpjabet", "GOOGL", id="another one"),
        pytest.param("tlsa", "TSLA", id="a symbol"),
        pytest.param("bank of amrica", "BAC", id="one word of three"),
        pytest.param("johson&johnson", "JNJ", id="with signs between"),
        pytest.param("MICORSOFT", "MSFT", id="in capitals"),
    ],
)
def test_search_forgives_a_typing_error(typed: str, symbol: str) -> None:
    make_typical_instruments()
    assert search_instruments(typed)[0].symbol == symbol


def make_typical_instruments() -> None:
    names = {
        "AAPL": "Apple Inc.",
        "MSFT": "Microsoft",
        "GOOGL": "Alphabet Inc. (Class A)",
        "TSLA": "Tesla",
        "BAC": "Bank of America",
        "JNJ": "Johnson & Johnson",
        "APP": "AppLovin",
        "GS": "Goldman Sachs",
    }
    for symbol, name in names.items():
        make_instrument(symbol, name=name)


def test_what_is_alike_comes_after_what_matches() -> None:
    names = {"MICR": "Other", "AMI": "Micro Corp", "NAN": "Nanomicro", "MSF": "The Mcro Fund"}
    for symbol, name in names.items():
        make_instrument(symbol, name=name)
    found = search_instruments("micro")
    assert [row.symbol for row in found] == ["AMI", "NAN", "MICR", "MSF"]


@pytest.mark.parametrize("typed", ["zzzz", "ap", "xq", "100%_", "'; --", "\\", "a\0b", "ſß" * 40])
def test_nothing_is_found_where_nothing_is_alike(typed: str) -> None:
    make_instrument("MSFT", name="Microsoft")
    assert search_instruments(typed) == []


def test_trigrams_help_where_the_database_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is that of ``pg_trgm``; a stand-in shows that the query is well formed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.alike(text, text) RETURNS boolean LANGUAGE sql AS"
            " $$ SELECT lower(left($1, 2)) = lower(left($2, 2)) $$;"
            "CREATE OPERATOR public.%>> (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.alike)"
        )
    monkeypatch.setattr(instrument_search, "trigrams_are_there", lambda: True)
    microsoft = make_instrument("MSFT", name="Microsoft")
    assert search_instruments("mickrossoft") == [microsoft]
    monkeypatch.setattr(instrument_search, "trigrams_are_there", lambda: False)
    assert search_instruments("mickrossoft") == []


def test_pages_and_sockets_call_an_instrument_what_it_is_found_by() -> None:
    """Two listings of each symbol: one of them trades no more, both do, none does."""
    listed = [
        make_instrument(symbol, mic=mic, is_active=is_active)
        for symbol, states in {
            "ONE": (True, False),
            "TWO": (True, True),
            "NO": (False, False),
        }.items()
        for mic, is_active in zip(("XLON", "XNYS"), states, strict=True)
    ]
    addresses = shortest_addresses(listed)
    directory = InstrumentDirectory(read_listings())
    assert [addresses[one.id] for one in listed] == [
        *("ONE", "XNYS:ONE", "XLON:TWO", "XNYS:TWO", "XLON:NO", "XNYS:NO")
    ]
    for one in listed:
        assert directory.address_of(one.id) == addresses[one.id]
        assert directory.resolve([addresses[one.id]]).found == {addresses[one.id]: one.id}
        assert instrument_by_address(addresses[one.id]) == one
