"""Ghostfolio: its export as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from portfolio.imports.headers import find_table
from portfolio.imports.profile import NoActivity, Profile, Row, headed
from portfolio.imports.values import Field, Line, Sheet, Table

COLUMNS: Final = headed("type", "quantity", "unitprice", "symbol", "date", "fee")
ACCOUNT: Final = "accountName"
# Of deposits Ghostfolio has none, and of valuables and debts no price.
NOT_KEPT: Final = frozenset({"liability", "item", "valuable"})


def find_tables(sheets: Sequence[Sheet]) -> list[Table]:
    """The activities, each with the name of its account, which stands in another list."""
    names = account_names(sheets)
    found = []
    for sheet in sheets:
        # A text with the same columns is of anybody.
        table = None if sheet.separator else find_table(sheet, wanted=(COLUMNS,))
        if table is None:
            continue
        place = table.header.index("accountId") if "accountId" in table.header else None
        lines = [
            Line(line.number, (*line.cells, name_of(line, place, names))) for line in table.lines
        ]
        found.append(replace(table, header=(*table.header, ACCOUNT), lines=lines))
    return found


def name_of(line: Line, place: int | None, names: Mapping[str, str]) -> str:
    return "" if place is None else names.get(line.cells[place], "")


def account_names(sheets: Sequence[Sheet]) -> dict[str, str]:
    for sheet in sheets:
        if sheet.name == "accounts" and (
            table := find_table(sheet, wanted=(headed("id", "name"),))
        ):
            key, name = table.header.index("id"), table.header.index("name")
            return {line.cells[key]: line.cells[name] for line in table.lines}
    return {}


def interpret(row: Row) -> Iterable[Row]:
    if row.texts.get(Field.KIND, "").casefold() in NOT_KEPT:
        raise NoActivity("Things without a market are not kept here.")
    numbers = dict(row.numbers)
    word = row.texts.get(Field.KIND, "").casefold()
    texts: dict[Field, str] = {}
    if word in ("fee", "interest"):
        # A name made up for the charge, and not of anything with a price.
        texts = {Field.SYMBOL: ""}
        if word == "fee" and numbers.get(Field.FEES) and not numbers.get(Field.UNIT_PRICE):
            numbers = {Field.AMOUNT: numbers[Field.FEES]}
    return (row.with_changes(texts=texts, numbers=numbers),)


PROFILE: Final = Profile(
    name="ghostfolio",
    label="Ghostfolio",
    signatures=(COLUMNS,),
    columns={
        Field.KIND: ("type",),
        Field.OCCURRED_AT: ("date",),
        Field.SYMBOL: ("symbol",),
        Field.QUANTITY: ("quantity",),
        Field.UNIT_PRICE: ("unitprice",),
        Field.FEES: ("fee",),
        Field.CURRENCY: ("currency",),
        Field.NOTE: ("comment",),
        Field.EXTERNAL_ID: ("id",),
        Field.PORTFOLIO: ("accountname",),
    },
    kinds={},
    decimal_mark=".",
    interpret=interpret,
    find_tables=find_tables,
)
