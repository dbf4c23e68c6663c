from decimal import Decimal
from pathlib import Path

import pytest

from market.errors import UnreadableFile
from market.instruments.instrument_files import import_instruments
from market.models import Exchange, Instrument
from tests.market.factories import NOON, make_instrument

pytestmark = pytest.mark.django_db

HEADER = "symbol,name,exchange_mic,currency,sector\n"


def write(path: Path, rows: str, *, header: str = HEADER) -> Path:
    file = path / "instruments.csv"
    file.write_text(header + rows)
    return file


def test_instruments_and_their_exchanges_are_made(tmp_path: Path) -> None:
    rows = 'AAPL,"Apple, Inc.",XNAS,USD,Technology\nBP.,BP,XLON,GBP,Energy\n'
    done = import_instruments(write(tmp_path, rows), imported_at=NOON)
    assert (done.read, done.created) == (2, 2)
    assert Instrument.objects.get(symbol="AAPL").name == "Apple, Inc."
    nasdaq = Exchange.objects.get(mic="XNAS")
    assert (nasdaq.timezone, nasdaq.calendar) == ("America/New_York", "XNYS")


def test_again_it_updates_and_leaves_alone_what_the_file_does_not_say(tmp_path: Path) -> None:
    apple = make_instrument("AAPL", isin="US0378331005", sector="Old")
    done = import_instruments(write(tmp_path, "AAPL,Apple,XNYS,USD,New\n"), imported_at=NOON)
    assert (done.read, done.created) == (1, 0)
    public_id = apple.public_id
    apple.refresh_from_db()
    assert (apple.name, apple.sector, apple.isin) == ("Apple", "New", "US0378331005")
    assert apple.public_id == public_id


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param("AAPL,Apple,XXXX,USD,\n", "line 2: exchange_mic was 'XXXX'", id="exchange"),
        pytest.param("AAPL,Apple,XNAS,dollars,\n", "line 2: currency", id="currency"),
        pytest.param("A B,Apple,XNAS,USD,\n", "line 2: symbol", id="symbol"),
        pytest.param("BTC/USD,Bitcoin,XNAS,USD,\n", "A symbol has up to 24 letters", id="a slash"),
        pytest.param("..,Dots,XNAS,USD,\n", "begins with none of", id="a folder"),
        pytest.param("AAPL,,XNAS,USD,\n", "line 2: name is empty", id="no name"),
        pytest.param(f"AAPL,{'x' * 161},XNAS,USD,\n", "line 2: name", id="long name"),
        pytest.param("AAPL,Apple,XNAS\n", "line 2: the number of fields", id="cut off"),
        pytest.param(
            "AAPL,Apple,XNAS,USD,\nAAPL,Apple,XNAS,USD,\n", "stands on line 2 already", id="twice"
        ),
        pytest.param("MSFT,Microsoft,XNYS,EUR,\n", "trades in USD", id="another currency"),
    ],
)
def test_a_wrong_line_changes_nothing(tmp_path: Path, rows: str, words: str) -> None:
    make_instrument("MSFT")
    with pytest.raises(UnreadableFile, match=words):
        import_instruments(write(tmp_path, rows + "GOOD,Good,XNYS,USD,\n"), imported_at=NOON)
    assert Instrument.objects.count() == 1


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        pytest.param("fund,0.01,1", "line 2: asset_class of MSFT is stock and cannot", id="class"),
        pytest.param("stock,0.05,1", "tick_size of MSFT is 0.01 and cannot change", id="tick"),
        pytest.param("stock,0.01,10", "lot_size of MSFT is 1 and .* the file says 10", id="lot"),
    ],
)
def test_a_file_changes_nothing_that_is_fixed_once_listed(
    tmp_path: Path, cells: str, words: str
) -> None:
    make_instrument("MSFT")
    header = HEADER.replace("sector", "asset_class,tick_size,lot_size")
    rows = f"MSFT,Microsoft,XNYS,USD,{cells}\nNEW,New,XNYS,USD,{cells}\n"
    with pytest.raises(UnreadableFile, match=words):
        import_instruments(write(tmp_path, rows, header=header), imported_at=NOON)
    same = "MSFT,Microsoft,XNYS,USD,stock,0.010,1\n"
    again = import_instruments(write(tmp_path, same, header=header), imported_at=NOON)
    assert [one.outcome for one in again.outcomes] == ["changed"]  # its name
    kept = Instrument.objects.get()
    fixed = (kept.asset_class, kept.tick_size, kept.lot_size)
    assert fixed == ("stock", Decimal("0.01"), Decimal(1))


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="exchange_mic, currency"):
        import_instruments(write(tmp_path, "", header="symbol,name\n"), imported_at=NOON)
