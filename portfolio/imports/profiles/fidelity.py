"""Fidelity: the history of one account or several. Its actions are sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from portfolio.imports.profile import CASH, Profile, Row, headed
from portfolio.imports.values import DateOrder, Field

COMMISSIONS: Final = ("commission ($)", "commission")
FEES: Final = ("fees ($)", "fees")


def interpret(row: Row) -> Iterable[Row]:
    texts = {Field.CURRENCY: row.texts.get(Field.CURRENCY) or "USD"}
    numbers = dict(row.numbers)
    numbers[Field.FEES] = abs(row.number(*COMMISSIONS)) + abs(row.number(*FEES))
    texts[Field.NOTE] = row.texts.get(Field.KIND, "")
    if not numbers.get(Field.UNIT_PRICE):
        # A dividend of so many units has a quantity of zero here, and no price.
        numbers.pop(Field.UNIT_PRICE, None)
    return (row.with_changes(texts=texts, numbers=numbers),)


PROFILE: Final = Profile(
    name="fidelity",
    label="Fidelity",
    signatures=(
        headed("run date", "action", "symbol", "amount ($)"),
        headed("run date", "action", "symbol", "amount", "settlement date"),
    ),
    columns={
        Field.OCCURRED_AT: ("run date",),
        Field.KIND: ("action",),
        Field.SYMBOL: ("symbol",),
        Field.QUANTITY: ("quantity",),
        Field.UNIT_PRICE: ("price ($)", "price"),
        Field.NET_AMOUNT: ("amount ($)", "amount"),
        Field.CURRENCY: ("currency",),
        Field.PORTFOLIO: ("account",),
    },
    kinds={
        "you bought*": "buy",
        "reinvestment*": "buy",
        "you sold*": "sell",
        "redemption*": "sell",
        "dividend received*": "dividend",
        "long-term cap gain*": "dividend",
        "short-term cap gain*": "dividend",
        "interest earned*": "interest",
        "foreign tax paid*": "tax",
        "adj foreign tax paid*": "tax",
        "fee charged*": "fee",
        "electronic funds transfer*": CASH,
        "direct deposit*": CASH,
        "check received*": CASH,
        "wire transfer*": CASH,
        "transferred from*": CASH,
        "transferred to*": CASH,
        "contribution*": CASH,
        "cash contribution*": CASH,
        "bill payment*": CASH,
    },
    date_order=DateOrder.MONTH_FIRST,
    decimal_mark=".",
    is_signed=True,
    interpret=interpret,
)
