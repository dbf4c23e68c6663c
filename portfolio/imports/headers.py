"""Where a table begins, and what each of its columns holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from portfolio.imports.values import Field, Line, Sheet, Table

# A header stands in the first of them or not at all.
LOOKED_AT: Final = 60
# So many columns must be known by their names for a row to be a header.
KNOWN_NEEDED: Final = 3
SPACES: Final = re.compile(r"[\s_]+")
AROUND: Final = "\"'*#: \ufeff"
# What people and programs call the columns, folded. The first that a file has is taken.
NAMES: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.KIND: (
        *("kind", "type", "action", "transaction type", "activity", "activity type", "side"),
        *("buy/sell", "operation", "order type", "typ", "art", "soort", "vorgang"),
    ),
    Field.OCCURRED_AT: (
        *("occurred at", "date/time", "datetime", "timestamp", "trade date", "date", "run date"),
        *("transaction date", "executed at", "time", "datum", "buchungstag", "valuta"),
    ),
    Field.TIME: ("time of day", "trade time", "uhrzeit", "tijd"),
    Field.SYMBOL: (
        *("symbol", "ticker", "ticker symbol", "asset", "instrument", "security symbol", "code"),
        *("symbol/cusip", "kürzel"),
    ),
    Field.ISIN: ("isin", "isin code"),
    Field.NAME: ("name", "security", "security name", "product", "company", "wertpapier"),
    Field.QUANTITY: (
        *("quantity", "shares", "units", "no. of shares", "qty", "number of shares", "stück"),
        *("stücke", "anzahl", "aantal", "quantité", "cantidad", "amount of shares"),
    ),
    Field.UNIT_PRICE: (
        *("unit price", "price", "price per share", "price / share", "share price", "t. price"),
        *("price per unit", "price ($)", "quote", "kurs", "preis", "koers", "prix", "precio"),
    ),
    Field.AMOUNT: (
        *("amount", "gross amount", "gross", "subtotal", "value", "trade value", "market value"),
        *("betrag", "bruttobetrag", "wert", "bedrag", "montant", "importe"),
    ),
    Field.NET_AMOUNT: (
        *("net amount", "total", "total cost", "total amount", "net", "net cash", "total value"),
        *("cost", "proceeds", "amount ($)", "gesamt", "gesamtpreis", "nettobetrag", "totaal"),
    ),
    Field.FEES: (
        *("fees", "fee", "commission", "commissions", "fees & comm", "comm/fee", "charges"),
        *("transaction costs", "gebühren", "gebühr", "provision", "kosten", "frais"),
    ),
    Field.TAXES: (
        *("taxes", "tax", "withholding tax", "stamp duty", "steuern", "steuer", "belasting"),
    ),
    Field.CURRENCY: (
        *("currency", "ccy", "currency code", "price currency", "trade currency", "währung"),
        *("valuta code", "munt", "devise", "moneda"),
    ),
    Field.EXCHANGE_RATE: ("exchange rate", "fx rate", "wechselkurs", "wisselkoers"),
    Field.EXTERNAL_ID: (
        *("external id", "id", "transaction id", "order id", "trade id", "reference", "ref"),
        *("reference id", "order number", "auftragsnummer"),
    ),
    Field.NOTE: ("note", "notes", "description", "comment", "memo", "beschreibung", "bemerkung"),
    Field.PORTFOLIO: (
        *("portfolio", "account", "account name", "account number", "depot", "konto", "rekening"),
    ),
    Field.RATIO_FROM: ("ratio from", "split from"),
    Field.RATIO_TO: ("ratio to", "split to"),
    Field.FROM_SYMBOL: ("from symbol", "spun off from"),
    Field.COST_SHARE: ("cost share",),
}


@lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """A name of a column, or a word of a row, without its case, quotes and odd spaces."""
    return SPACES.sub(" ", name.strip(AROUND)).strip().casefold()


def named_columns(cells: Iterable[str]) -> tuple[str, ...]:
    """Names for all columns: one without is called after the one before it, as in ``Price #2``."""
    names: list[str] = []
    latest = "Column"
    for cell in cells:
        latest = cell or latest
        name, number = latest, 1
        while not name or name in names or (not cell and number == 1):
            number += 1
            name = f"{latest} #{number}"
        names.append(name)
    return tuple(names)


def find_table(sheet: Sheet, *, wanted: Iterable[frozenset[str]] = ()) -> Table | None:
    """The table of a sheet, below whatever stands before its header.

    Args:
        wanted: folded names; the first row that has all of one of the sets is the header. Without
            any it is the first row in which enough columns are known by their names.
    """
    sets = tuple(wanted)
    for index, line in enumerate(sheet.lines[:LOOKED_AT]):
        names = {folded(cell) for cell in line.cells}
        is_header = any(one <= names for one in sets) if sets else is_known(line)
        if is_header:
            return table_below(sheet, index)
    return None


def table_below(sheet: Sheet, index: int) -> Table:
    cells = sheet.lines[index].cells
    # Lines may go on where the header ends.
    width = max(len(line.cells) for line in sheet.lines[index : index + LOOKED_AT])
    header = named_columns([*cells, *[""] * (width - len(cells))])
    return Table(sheet, header, sheet.lines[index + 1 :])


def is_known(line: Line) -> bool:
    found = detect_mapping(line.cells)
    return len(found) >= KNOWN_NEEDED and Field.OCCURRED_AT in found


def plausible_table(sheet: Sheet) -> Table | None:
    """Where no column is known by its name: the first row as wide as most, if it has no numbers."""
    widths = [len(line.cells) for line in sheet.lines[:LOOKED_AT]]
    if not widths:
        return None
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    for index, line in enumerate(sheet.lines[:LOOKED_AT]):
        texts = [cell for cell in line.cells if cell]
        if len(line.cells) == usual and len(texts) > 1 and not any(map(has_digits, texts)):
            return table_below(sheet, index)
    return None


def has_digits(text: str) -> bool:
    return any(letter.isdecimal() for letter in text)


def detect_mapping(
    header: Sequence[str], names: Mapping[Field, tuple[str, ...]] = NAMES
) -> dict[Field, str]:
    """Which column holds what, each at most once; earlier names of a field beat later ones."""
    columns: dict[str, str] = {}
    for one in header:
        columns.setdefault(folded(one), one)
    found: dict[Field, str] = {}
    taken: set[str] = set()
    for field, known in names.items():
        for name in known:
            if (column := columns.get(name)) is not None and column not in taken:
                found[field] = column
                taken.add(column)
                break
    return found
