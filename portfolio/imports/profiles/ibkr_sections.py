"""The tables of an activity statement of Interactive Brokers, which are many in one sheet. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from portfolio.imports.headers import folded, named_columns
from portfolio.imports.profile import CASH, TRADE
from portfolio.imports.values import Line, Sheet, Table

ACTIONS: Final = "corporate actions"
# Tables that tell what happened, and the kind of their rows where all are of one.
SECTIONS: Final = {
    "trades": TRADE,
    "dividends": "dividend",
    "payment in lieu of dividends": "dividend",
    "withholding tax": "tax",
    "deposits & withdrawals": CASH,
    "fees": "fee",
    "other fees": "fee",
    "advisor fees": "fee",
    "commission adjustments": "fee",
    "interest": "interest",
    "broker interest paid": "interest",
    "broker interest received": "interest",
    "bond interest paid": "interest",
    "bond interest received": "interest",
    "transaction fees": "fee",
    ACTIONS: "split",
}
# Tables of what happened too, whose rows nobody here can book: each is shown as it stands.
UNREAD: Final = frozenset(
    {
        *("transfers", "incoming trade transfers", "outgoing trade transfers", "grant activity"),
        *("option exercises, assignments and expirations", "debit card activity", "client fees"),
        *("sales tax details", "trade price adjustments", "other corporate actions"),
    }
)
# Tables of how things stand, and of what others tell in full.
STANDING: Final = frozenset(
    {
        *("statement", "account information", "net asset value", "change in nav", "codes"),
        *("mark-to-market performance summary", "realized & unrealized performance summary"),
        *("month & year to date performance summary", "cash report", "open positions"),
        *("forex balances", "forex p/l details", "net stock position summary", "notes"),
        *("change in dividend accruals", "open dividend accruals", "interest accruals"),
        *("financial instrument information", "notes/legal notes", "commission details"),
        *("collateral for customer borrowing", "base currency exchange rate"),
        *("location of customer assets, positions and money", "trade summary by symbol"),
        *("mtm summary", "stock yield enhancement program"),
    }
)
STATEMENT_LINES: Final = 40


def find_statement_tables(sheets: Sequence[Sheet]) -> list[Table]:
    """The tables of all statements; each line names its section and whether it is a header."""
    return [table for sheet in sheets if is_statement(sheet) for table in sections_of(sheet)]


def is_statement(sheet: Sheet) -> bool:
    return any(
        [folded(cell) for cell in line.cells[:2]] == ["statement", "header"]
        for line in sheet.lines[:STATEMENT_LINES]
    )


def sections_of(sheet: Sheet) -> Iterator[Table]:
    """Of a table that nobody knows one line, which stands for all of them."""
    told = (line for line in sheet.lines if len(line.cells) >= 3)
    for section, lines in groupby(told, key=lambda line: folded(line.cells[0])):
        if section in SECTIONS or section in UNREAD:
            yield from tables_of(sheet, section, lines)
        elif section not in STANDING:
            data = [line for line in lines if folded(line.cells[1]) == "data"]
            if data:
                width = len(data[0].cells)
                header = named_columns(["Section", "Line", "Description", *[""] * (width - 3)])
                yield Table(sheet, header, data[:1], section)


def tables_of(sheet: Sheet, section: str, lines: Iterator[Line]) -> Iterator[Table]:
    """A section may have several headers, each with lines of its own."""
    header: tuple[str, ...] = ()
    found: list[Line] = []
    for line in lines:
        what = folded(line.cells[1])
        if what == "header":
            if found:
                yield Table(sheet, header, found, section)
            header, found = named_columns(["Section", "Line", *line.cells[2:]]), []
        elif what == "data" and header:
            found.append(line)
    if found:
        yield Table(sheet, header, found, section)
