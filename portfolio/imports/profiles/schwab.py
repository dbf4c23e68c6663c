"""Charles Schwab: the history of an account. Dates are of New York, without a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from portfolio.imports.profile import CASH, SKIP, Profile, Row, headed
from portfolio.imports.values import DateOrder, Field


def interpret(row: Row) -> Iterable[Row]:
    texts = {Field.CURRENCY: "USD"}
    return (row.with_changes(texts=texts, numbers=row.numbers),)


PROFILE: Final = Profile(
    name="schwab",
    label="Charles Schwab",
    signatures=(headed("date", "action", "symbol", "description", "quantity", "fees & comm"),),
    columns={
        Field.OCCURRED_AT: ("date",),
        Field.KIND: ("action",),
        Field.SYMBOL: ("symbol",),
        Field.NOTE: ("description",),
        Field.QUANTITY: ("quantity",),
        Field.UNIT_PRICE: ("price",),
        Field.FEES: ("fees & comm",),
        Field.NET_AMOUNT: ("amount",),
        Field.PORTFOLIO: ("account",),
    },
    kinds={
        "buy": "buy",
        "reinvest shares": "buy",
        "sell": "sell",
        "cash dividend": "dividend",
        "qualified dividend": "dividend",
        "non-qualified div": "dividend",
        "special dividend": "dividend",
        "special qual div": "dividend",
        "reinvest dividend": "dividend",
        "qual div reinvest": "dividend",
        "pr yr cash div": "dividend",
        "pr yr div reinvest": "dividend",
        "long term cap gain*": "dividend",
        "short term cap gain*": "dividend",
        "bank interest": "interest",
        "credit interest": "interest",
        "bond interest": "interest",
        "margin interest": "interest",
        "nra tax adj": "tax",
        "nra withholding": "tax",
        "foreign tax paid": "tax",
        "service fee": "fee",
        "adr mgmt fee": "fee",
        "misc cash entry": CASH,
        "moneylink transfer": CASH,
        "moneylink deposit": CASH,
        "wire received": CASH,
        "wire sent": CASH,
        "wire funds*": CASH,
        "funds received": CASH,
        "funds paid": CASH,
        "journal": CASH,
        "cash in lieu": "dividend",
        "stock split": "split",
        "stock plan activity": "transfer_in",
        "security transfer": "transfer_in",
        "internal transfer": SKIP + "Moved inside of the broker.",
    },
    date_order=DateOrder.MONTH_FIRST,
    decimal_mark=".",
    is_signed=True,
    interpret=interpret,
)
