"""Coinbase: the transaction history, older and newer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO
from portfolio.imports.errors import BadNumber
from portfolio.imports.numbers import parse_number
from portfolio.imports.profile import Profile, Row, Unclear, headed
from portfolio.imports.values import Field

FIAT: Final = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SGD"})
REWARDS: Final = ("rewards income", "staking income", "learning reward", "coinbase earn")
ASSET: Final = "asset"
# As in "Converted 0.005 BTC to 0.1 ETH".
CONVERTED: Final = re.compile(
    r"^Converted [\d.,]+ [A-Z0-9]+ to ([\d.,]+) ([A-Z0-9]{1,20})\b", re.ASCII
)


def interpret(row: Row) -> Iterable[Row]:
    """A reward is income that bought units at once; a convert is a sale and a purchase."""
    word, asset = row.texts.get(Field.KIND, "").casefold(), row.cell(ASSET).upper()
    if word == "convert":
        return converted(row, asset)
    if asset in FIAT:
        moved = only(row, Field.QUANTITY, as_field=Field.NET_AMOUNT)
        return (row.with_changes(texts={Field.SYMBOL: "", Field.CURRENCY: asset}, numbers=moved),)
    if word in REWARDS:
        money = only(row, Field.AMOUNT) or only(row, Field.NET_AMOUNT, as_field=Field.AMOUNT)
        income = {Field.KIND: "interest", Field.SYMBOL: ""}
        bought = only(row, Field.QUANTITY) | money
        return (
            row.with_changes(texts=income, numbers=money),
            row.with_changes(texts={Field.KIND: "buy"}, numbers=bought),
        )
    return (row,)


def converted(row: Row, asset: str) -> Iterable[Row]:
    """A sale, and a purchase for what it brought. Of money that is changed there is but the other.

    Raises:
        Unclear: the row does not say what became of the coin, or what it was worth.
    """
    found = CONVERTED.search(row.texts.get(Field.NOTE, ""))
    worth = abs(row.numbers.get(Field.AMOUNT, ZERO))
    fees = abs(row.numbers.get(Field.FEES, ZERO))
    try:
        units = parse_number(found[1], decimal_mark=row.decimal_mark) if found else ZERO
    except BadNumber:
        units = ZERO
    if found is None or not units or worth <= fees or not row.numbers.get(Field.QUANTITY):
        raise Unclear("kind", "One coin was changed into another; record a sale and a purchase.")
    currency, into = row.texts.get(Field.CURRENCY, "").upper(), found[2].upper()
    if {asset, into} & FIAT - {currency}:
        raise Unclear("kind", f"{asset} became {into} at a worth in {currency}; record it by hand.")
    sale = only(row, Field.QUANTITY) | {Field.AMOUNT: worth, Field.FEES: fees}
    bought = {Field.QUANTITY: units, Field.AMOUNT: worth - fees}
    return [
        row.with_changes(texts={Field.KIND: kind, Field.SYMBOL: coin}, numbers=numbers)
        for kind, coin, numbers in (("sell", asset, sale), ("buy", into, bought))
        if coin not in FIAT
    ]


def only(row: Row, field: Field, *, as_field: Field | None = None) -> dict[Field, Decimal]:
    """One number of the row, under another name if need be; nothing where it has none."""
    found = row.numbers.get(field)
    return {as_field or field: found} if found else {}


PROFILE: Final = Profile(
    name="coinbase",
    label="Coinbase",
    signatures=(headed("timestamp", "transaction type", "asset", "quantity transacted"),),
    columns={
        Field.OCCURRED_AT: ("timestamp",),
        Field.KIND: ("transaction type",),
        Field.SYMBOL: (ASSET,),
        Field.QUANTITY: ("quantity transacted",),
        Field.UNIT_PRICE: (
            *("price at transaction", "spot price at transaction", "usd spot price at transaction"),
            "eur spot price at transaction",
        ),
        Field.AMOUNT: ("subtotal", "usd subtotal", "eur subtotal"),
        Field.NET_AMOUNT: (
            *("total (inclusive of fees and/or spread)", "total (inclusive of fees)"),
            "usd total (inclusive of fees)",
        ),
        Field.FEES: ("fees and/or spread", "fees", "usd fees"),
        Field.CURRENCY: ("price currency", "spot price currency"),
        Field.EXTERNAL_ID: ("id",),
        Field.NOTE: ("notes",),
    },
    kinds={
        "buy": "buy",
        "sell": "sell",
        "advanced trade buy": "buy",
        "advanced trade sell": "sell",
        "advance trade buy": "buy",
        "advance trade sell": "sell",
        "interest": "interest",
        "send": "transfer_out",
        "receive": "transfer_in",
        "deposit": "deposit",
        "exchange deposit": "deposit",
        "withdrawal": "withdrawal",
        "exchange withdrawal": "withdrawal",
        "subscription": "fee",
    },
    interpret=interpret,
)
