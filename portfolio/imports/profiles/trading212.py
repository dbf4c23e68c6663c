"""Trading 212: the history of an account, as its app exports it. Times are UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, TEN_PLACES, ZERO
from portfolio.imports.facts import HUNDRED, MINOR
from portfolio.imports.profile import Profile, Row, Unclear, headed
from portfolio.imports.values import Field

CONVERSION: Final = "currency conversion"
CHANGED_IN: Final = f"currency ({CONVERSION} {{}} amount)"
CHANGED: Final = re.compile(
    r"^\s*(\d+(?:\.\d+)?) ([A-Z]{3}) -> (\d+(?:\.\d+)?) ([A-Z]{3})\s*$", re.ASCII
)
CHARGES: Final = (
    *("currency conversion fee", "transaction fee", "finra fee", "charge amount", "deposit fee"),
    *("stamp duty", "stamp duty reserve tax", "french transaction tax"),
)


def interpret(row: Row) -> Iterable[Row]:
    """Prices are in the instrument's currency, totals and charges in the account's.

    The rate of a row says how much of the instrument's makes one of the account's; ours is the
    other way round.
    """
    if row.texts.get(Field.KIND, "").casefold() == CONVERSION:
        return conversion(row)
    own = row.cell("currency (total)", "currency (result)")
    foreign = row.texts.get(Field.CURRENCY, "")
    rate = row.numbers.pop(Field.EXCHANGE_RATE, ZERO)
    fees = sum((abs(row.number(name)) for name in CHARGES), ZERO)
    tax = abs(row.number("withholding tax"))
    if not row.numbers.get(Field.QUANTITY):
        return (row.with_changes(texts={Field.CURRENCY: own or foreign}, numbers=row.numbers),)
    numbers = dict(row.numbers)
    if not foreign or own == foreign or not rate:
        return (row.with_changes(texts={}, numbers=numbers | {Field.FEES: fees, Field.TAXES: tax}),)
    # What is in the account's currency goes over into that of the price.
    numbers.pop(Field.NET_AMOUNT, None)
    numbers |= {Field.FEES: EXACT.multiply(fees, rate), Field.TAXES: tax}
    major_rate = EXACT.divide(rate, HUNDRED) if foreign in MINOR else rate
    if MINOR.get(foreign, foreign) != own:
        numbers[Field.EXCHANGE_RATE] = EXACT.divide(Decimal(1), major_rate).quantize(
            TEN_PLACES, context=EXACT
        )
    return (row.with_changes(texts={}, numbers=numbers),)


def conversion(row: Row) -> Iterable[Row]:
    """Money that leaves one currency and comes into another, its charge taken off.

    Newer files have columns for it, older ones a note like ``0.50 GBP -> 0.58 EUR``.

    Raises:
        Unclear: the row has neither.
    """
    legs = [
        (kind, abs(row.number(f"{CONVERSION} {side} amount")), row.cell(CHANGED_IN.format(side)))
        for kind, side in (("transfer_out", "from"), ("transfer_in", "to"))
    ]
    if not all(amount and currency for _, amount, currency in legs):
        found = CHANGED.search(row.texts.get(Field.NOTE, ""))
        if found is None:
            message = "Money was changed, but not how much of which currency; record both sides."
            raise Unclear("kind", message)
        legs = [
            ("transfer_out", Decimal(found[1]), found[2]),
            ("transfer_in", Decimal(found[3]), found[4]),
        ]
    return [
        row.with_changes(
            texts={Field.KIND: kind, Field.CURRENCY: currency, Field.SYMBOL: "", Field.ISIN: ""},
            numbers={Field.AMOUNT: amount},
        )
        for kind, amount, currency in legs
    ]


PROFILE: Final = Profile(
    name="trading212",
    label="Trading 212",
    signatures=(headed("action", "time", "isin", "no. of shares", "price / share"),),
    columns={
        Field.KIND: ("action",),
        Field.OCCURRED_AT: ("time",),
        Field.ISIN: ("isin",),
        Field.SYMBOL: ("ticker",),
        Field.NAME: ("name",),
        Field.QUANTITY: ("no. of shares",),
        Field.UNIT_PRICE: ("price / share",),
        Field.CURRENCY: ("currency (price / share)",),
        Field.EXCHANGE_RATE: ("exchange rate",),
        Field.NET_AMOUNT: ("total",),
        Field.EXTERNAL_ID: ("id",),
        Field.NOTE: ("notes",),
    },
    kinds={
        "market buy": "buy",
        "limit buy": "buy",
        "stop buy": "buy",
        "stop limit buy": "buy",
        "market sell": "sell",
        "limit sell": "sell",
        "stop sell": "sell",
        "stop limit sell": "sell",
        "dividend*": "dividend",
        "interest on cash": "interest",
        "lending interest": "interest",
        "share lending interest": "interest",
        "deposit": "deposit",
        "withdrawal": "withdrawal",
        "card debit": "withdrawal",
        "card credit": "deposit",
        "spending cashback": "deposit",
    },
    interpret=interpret,
)
