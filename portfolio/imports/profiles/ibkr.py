"""Interactive Brokers: activity statements, which hold many tables, and flex queries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT
from portfolio.imports.headers import folded
from portfolio.imports.profile import CASH, SKIP, TRADE, NoActivity, Profile, Row, Unclear, headed
from portfolio.imports.profiles.ibkr_sections import (
    ACTIONS,
    SECTIONS,
    UNREAD,
    find_statement_tables,
)
from portfolio.imports.values import DateOrder, Field

ZONE: Final = "America/New_York"
# As in AAPL(US0378331005), followed by words.
PAID_BY: Final = re.compile(r"([A-Z0-9][A-Z0-9. ]{0,20}?)\s?\(([A-Z]{2}[A-Z0-9]{9}\d)\)", re.ASCII)
# As in "Split 4 for 1", and the instrument of a row, which stands at its end.
SPLIT: Final = re.compile(
    r"\bsplit (\d+(?:\.\d+)?) for (\d+(?:\.\d+)?)\b", re.ASCII | re.IGNORECASE
)
OF_ROW: Final = re.compile(r"\(([^(),]+),[^()]*\)\s*$")
# What a share that has become another one is called from then on.
BECAME_ANOTHER: Final = ".OLD"
CANCELLED: Final = "ca"
# Actions take effect when the exchange has closed, so on the next day that it opens.
CLOSING: Final = "16:00"
SATURDAY: Final = 5
WORDS_SHOWN: Final = 120
FOREIGN_EXCHANGE: Final = frozenset({"forex", "cash"})
CHARGED_IN: Final = "comm in "
UNREADABLE_CLASSES: Final = ("option", "future", "cfd", "warrant", "opt", "fut", "fop")


def interpret_statement(row: Row) -> Iterable[Row]:
    section = folded(row.cells.get("section", ""))
    if section == "trades":
        return statement_trade(row)
    words = row.texts.get(Field.NOTE, "")
    if is_total(row):
        raise NoActivity("A total.")
    if section in UNREAD:
        raise unread(section, words or row.texts.get(Field.SYMBOL, ""))
    if section not in SECTIONS:
        raise NoActivity(f"The table {row.cells.get('section', '')[:80]!r} is not read here.")
    if section == ACTIONS:
        return (corporate_action(row, words),)
    texts = {Field.KIND: SECTIONS[section]}
    if found := PAID_BY.search(words):
        texts |= {Field.SYMBOL: found[1], Field.ISIN: found[2]}
    return (row.with_changes(texts=texts, numbers=row.numbers),)


def is_total(row: Row) -> bool:
    """Sums stand below the rows, in the first column, and have no date."""
    leads = (folded(row.cell(name)) for name in ("currency", "asset category"))
    is_dated = Field.OCCURRED_AT not in row.texts or bool(row.texts[Field.OCCURRED_AT])
    return not is_dated or any(lead.startswith("total") for lead in leads)


def unread(section: str, words: str) -> Unclear:
    message = f"{section.capitalize()} are not read here: {words[:WORDS_SHOWN]!r}."
    return Unclear("kind", f"{message} Record what it did, or leave the row out.")


def corporate_action(row: Row, words: str) -> Row:
    """A split; of one that made another share the row of the new one counts.

    Raises:
        NoActivity: another row tells the split.
        Unclear: it is another action, or was taken back.
    """
    split, of = SPLIT.search(words), OF_ROW.search(words)
    codes = {folded(code) for code in row.cell("code").split(";")}
    if split is None or not (paid := PAID_BY.search(words)) or CANCELLED in codes:
        raise unread(ACTIONS, words)
    if of is not None and of[1].strip().endswith(BECAME_ANOTHER):
        raise NoActivity("Part of a split; the row of the new share tells it.")
    texts = {
        Field.KIND: "split",
        Field.SYMBOL: paid[1],
        Field.ISIN: paid[2],
        Field.OCCURRED_AT: first_day_of(row.texts.get(Field.OCCURRED_AT, "")),
    }
    ratio = {Field.RATIO_TO: Decimal(split[1]), Field.RATIO_FROM: Decimal(split[2])}
    return row.with_changes(texts=texts, numbers=ratio)


def first_day_of(text: str) -> str:
    """The first day of trading under an action that took effect at ``2020-08-28, 20:25:00``."""
    day_text, _, clock = text.partition(",")
    try:
        day = date.fromisoformat(day_text.strip())
    except ValueError:
        return text
    if clock.strip() >= CLOSING:
        day += timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day.isoformat()


def statement_trade(row: Row) -> Iterable[Row]:
    if folded(row.cell("datadiscriminator")) not in ("order", "trade"):
        raise NoActivity("A total, or a part of another row.")
    if is_exchange(row.cell("asset category")):
        charged = next((name for name in row.cells if name.startswith(CHARGED_IN)), "")
        currency = charged.removeprefix(CHARGED_IN).upper()
        fee = row.number(charged) if charged else row.number("comm/fee")
        return exchange(row, row.number("proceeds"), fee=fee, fee_currency=currency)
    refuse_class(row.cell("asset category"))
    numbers = dict(row.numbers)
    # A commission is negative.
    numbers[Field.FEES] = abs(row.number("comm/fee", "comm in usd", "comm in eur"))
    return (row.with_changes(texts={Field.KIND: TRADE}, numbers=numbers),)


def is_exchange(asset_class: str) -> bool:
    return folded(asset_class) in FOREIGN_EXCHANGE


def exchange(row: Row, proceeds: Decimal, *, fee: Decimal, fee_currency: str) -> Iterable[Row]:
    """Money changed, as in ``EUR.USD``: so much of the one for so much of the other."""
    symbol = row.texts.get(Field.SYMBOL, "")
    bought, _, paid = symbol.partition(".")
    quantity, rate = row.numbers.get(Field.QUANTITY), row.numbers.get(Field.UNIT_PRICE)
    if not paid or not quantity or not (proceeds or rate):
        raise Unclear("kind", "Money was changed, but not how much of which currency.")
    other = abs(proceeds or EXACT.multiply(quantity, rate or Decimal(1)))
    came, left = ("transfer_in", "transfer_out")[:: 1 if quantity > 0 else -1]
    texts = {Field.SYMBOL: "", Field.ISIN: "", Field.NAME: "", Field.NOTE: symbol}
    legs = [(came, bought, abs(quantity)), (left, paid, other)]
    if fee:
        # A commission is negative, one that is given back positive.
        legs.append(("fee", fee_currency or paid, fee))
    return [
        row.with_changes(
            texts=texts | {Field.KIND: kind, Field.CURRENCY: currency},
            numbers={Field.NET_AMOUNT: amount},
        )
        for kind, currency, amount in legs
    ]


def refuse_class(asset_class: str) -> None:
    found = folded(asset_class)
    if any(one in found for one in UNREADABLE_CLASSES):
        raise NoActivity(f"{asset_class[:80]} are not kept here.")


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
        if is_exchange(row.cell("assetclass")):
            fee, currency = row.number("ibcommission"), row.cell("ibcommissioncurrency")
            return exchange(row, row.number("proceeds"), fee=fee, fee_currency=currency)
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
