"""Interactive Brokers: activity statements, which hold many tables, and flex queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from portfolio.imports.headers import folded, named_columns
from portfolio.imports.profile import CASH, SKIP, TRADE, NoActivity, Profile, Row, headed
from portfolio.imports.values import DateOrder, Field, Line, Sheet, Table

ZONE: Final = "America/New_York"
# Tables of a statement that tell what happened, and the kind of their rows where all are of one.
SECTIONS: Final = {
    "trades": TRADE,
    "dividends": "dividend",
    "payment in lieu of dividends": "dividend",
    "withholding tax": "tax",
    "deposits & withdrawals": CASH,
    "fees": "fee",
    "interest": "interest",
    "transaction fees": "fee",
}
STATEMENT_LINES: Final = 40
# As in AAPL(US0378331005), followed by words.
PAID_BY: Final = re.compile(r"([A-Z0-9][A-Z0-9. ]{0,20}?)\s?\(([A-Z]{2}[A-Z0-9]{9}\d)\)", re.ASCII)
FOREIGN_EXCHANGE: Final = frozenset({"forex", "cash"})
UNREADABLE_CLASSES: Final = ("option", "future", "cfd", "warrant", "opt", "fut", "fop")


def find_statement_tables(sheets: Sequence[Sheet]) -> list[Table]:
    """The tables of all statements; each line names its section and whether it is a header."""
    return [table for sheet in sheets if is_statement(sheet) for table in sections_of(sheet)]


def is_statement(sheet: Sheet) -> bool:
    return any(
        [folded(cell) for cell in line.cells[:2]] == ["statement", "header"]
        for line in sheet.lines[:STATEMENT_LINES]
    )


def sections_of(sheet: Sheet) -> Iterator[Table]:
    section = ""
    header: tuple[str, ...] = ()
    lines: list[Line] = []
    for line in sheet.lines:
        if len(line.cells) < 3:
            continue
        name, what = folded(line.cells[0]), folded(line.cells[1])
        if name not in SECTIONS:
            continue
        if what == "header":
            if lines:
                yield Table(sheet, header, lines, section)
            header = named_columns([*("Section", "Line"), *line.cells[2:]])
            section, lines = name, []
        elif what == "data" and header and name == section:
            lines.append(line)
    if lines:
        yield Table(sheet, header, lines, section)


def interpret_statement(row: Row) -> Iterable[Row]:
    section = folded(row.cells.get("section", ""))
    if section == "trades":
        return (statement_trade(row),)
    words = row.texts.get(Field.NOTE, "")
    if not row.texts.get(Field.OCCURRED_AT) or folded(row.cell("currency")).startswith("total"):
        raise NoActivity("A total.")
    texts = {Field.KIND: SECTIONS.get(section, "")}
    if found := PAID_BY.search(words):
        texts |= {Field.SYMBOL: found[1], Field.ISIN: found[2]}
    return (row.with_changes(texts=texts, numbers=row.numbers),)


def statement_trade(row: Row) -> Row:
    if folded(row.cell("datadiscriminator")) not in ("order", "trade"):
        raise NoActivity("A total, or a part of another row.")
    refuse_class(row.cell("asset category"))
    numbers = dict(row.numbers)
    # A commission is negative.
    numbers[Field.FEES] = abs(row.number("comm/fee", "comm in usd", "comm in eur"))
    return row.with_changes(texts={Field.KIND: TRADE}, numbers=numbers)


def refuse_class(asset_class: str) -> None:
    found = folded(asset_class)
    if found in FOREIGN_EXCHANGE:
        raise NoActivity("Money changed from one currency to another.")
    if any(one in found for one in UNREADABLE_CLASSES):
        raise NoActivity(f"{asset_class} are not kept here.")


STATEMENT: Final = Profile(
    name="ibkr",
    label="Interactive Brokers, activity statement",
    signatures=(),
    columns={
        Field.OCCURRED_AT: ("date/time", "date", "settle date"),
        Field.SYMBOL: ("symbol",),
        Field.QUANTITY: ("quantity",),
        Field.UNIT_PRICE: ("t. price",),
        Field.NET_AMOUNT: ("amount",),
        Field.CURRENCY: ("currency",),
        Field.NOTE: ("description",),
        Field.PORTFOLIO: ("account",),
    },
    kinds={kind: kind for kind in SECTIONS.values()},
    date_order=DateOrder.MONTH_FIRST,
    decimal_mark=".",
    zone=ZONE,
    is_signed=True,
    interpret=interpret_statement,
    find_tables=find_statement_tables,
)


def interpret_flex(row: Row) -> Iterable[Row]:
    """Rows of trades and of cash transactions; both may be in one file."""
    if folded(row.cell("levelofdetail")) in ("summary", "order", "symbol summary", "asset summary"):
        raise NoActivity("A summary of other rows.")
    numbers = dict(row.numbers)
    if numbers.get(Field.QUANTITY) and numbers.get(Field.UNIT_PRICE) is not None:
        refuse_class(row.cell("assetclass"))
        numbers.pop(Field.NET_AMOUNT, None)
        texts = {Field.KIND: TRADE}
    else:
        texts = {Field.KIND: row.cell("type") or row.texts.get(Field.KIND, "")}
        numbers = {field: numbers[field] for field in (Field.NET_AMOUNT,) if field in numbers}
    return (row.with_changes(texts=texts, numbers=numbers),)


FLEX: Final = Profile(
    name="ibkr_flex",
    label="Interactive Brokers, flex query",
    signatures=(
        headed("currencyprimary", "symbol", "quantity", "tradeprice"),
        headed("currencyprimary", "type", "amount"),
    ),
    columns={
        Field.OCCURRED_AT: ("datetime", "date/time", "tradedate", "settledate", "reportdate"),
        Field.SYMBOL: ("symbol",),
        Field.ISIN: ("isin",),
        Field.NAME: ("description",),
        Field.QUANTITY: ("quantity",),
        Field.UNIT_PRICE: ("tradeprice",),
        Field.NET_AMOUNT: ("amount", "netcash"),
        Field.FEES: ("ibcommission",),
        Field.TAXES: ("taxes",),
        Field.CURRENCY: ("currencyprimary", "currency"),
        Field.EXTERNAL_ID: ("tradeid", "transactionid"),
        Field.PORTFOLIO: ("accountalias",),
    },
    kinds={
        TRADE: TRADE,
        "dividends": "dividend",
        "payment in lieu of dividends": "dividend",
        "withholding tax": "tax",
        "deposits/withdrawals": CASH,
        "deposits & withdrawals": CASH,
        "broker interest received": "interest",
        "broker interest paid": "interest",
        "bond interest received": "interest",
        "other fees": "fee",
        "commission adjustments": "fee",
        "broker fees": "fee",
        "fx*": SKIP + "Money changed from one currency to another.",
    },
    date_order=DateOrder.MONTH_FIRST,
    decimal_mark=".",
    zone=ZONE,
    is_signed=True,
    interpret=interpret_flex,
)
