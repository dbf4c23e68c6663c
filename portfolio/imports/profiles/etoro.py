"""eToro: the sheet "Account Activity" of an account statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from portfolio.imports.profile import SKIP, Profile, Row, headed
from portfolio.imports.values import DateOrder, Field


def interpret(row: Row) -> Iterable[Row]:
    """What was traded stands as ``AAPL/USD``, with the money of the whole position beside it."""
    symbol, _, currency = row.cell("details").partition("/")
    is_traded = bool(row.numbers.get(Field.QUANTITY)) or "ividend" in row.texts.get(Field.KIND, "")
    texts = {
        Field.SYMBOL: symbol if is_traded else "",
        Field.CURRENCY: currency if is_traded and len(currency) == 3 else "USD",
    }
    if row.texts.get(Field.EXTERNAL_ID):
        # A position has one id for its opening, its dividends and its end.
        word = row.texts.get(Field.KIND, "").casefold().replace(" ", "-")
        texts[Field.EXTERNAL_ID] = f"{row.texts[Field.EXTERNAL_ID]}/{word}"
    return (row.with_changes(texts=texts, numbers=row.numbers),)


PROFILE: Final = Profile(
    name="etoro",
    label="eToro",
    signatures=(headed("date", "type", "details", "amount", "position id"),),
    columns={
        Field.OCCURRED_AT: ("date",),
        Field.KIND: ("type",),
        Field.QUANTITY: ("units", "units / contracts"),
        Field.NET_AMOUNT: ("amount",),
        Field.EXTERNAL_ID: ("position id",),
        Field.NOTE: ("details",),
    },
    kinds={
        "open position": "buy",
        "position closed": "sell",
        "profit/loss of trade": "sell",
        "dividend": "dividend",
        "deposit": "deposit",
        "withdrawal": "withdrawal",
        "withdraw request": "withdrawal",
        "withdraw fee": "fee",
        "withdrawal conversion fee": "fee",
        "conversion fee": "fee",
        "deposit conversion fee": "fee",
        "overnight fee": "fee",
        "rollover fee": "fee",
        "overnight refund": "interest",
        "interest payment": "interest",
        "sdrt": "tax",
        "edit stop loss": SKIP + "An order was changed.",
        "account balance to mirror": SKIP + "Moved inside of the broker.",
        "mirror balance to account": SKIP + "Moved inside of the broker.",
    },
    date_order=DateOrder.DAY_FIRST,
    is_signed=True,
    interpret=interpret,
)
