"""Kraken: the lists of trades and of ledger entries. Times are UTC."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from portfolio.imports.profile import CASH, SKIP, NoActivity, Profile, Row, Unclear, headed
from portfolio.imports.values import Field

FIAT: Final = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY")
STABLE: Final = ("USDT", "USDC", "DAI")
REWARDS: Final = ("staking", "earn", "reward")
WORTH, WORTH_CURRENCY = "amountusd", "USD"
# Kraken's own names of coins.
RENAMED: Final = {"XBT": "BTC", "XDG": "DOGE"}


def coin(code: str) -> str:
    """``XXBT`` and ``XBT.M`` are ``BTC``, ``ZEUR`` and ``EUR.HOLD`` are ``EUR``."""
    code = code.upper().partition(".")[0]
    if len(code) == 4 and code[0] in "XZ" and code not in STABLE:
        code = code[1:]
    return RENAMED.get(code, code)


def pair(text: str) -> tuple[str, str]:
    """The coin that was traded, and what it was paid in; empty where that cannot be told."""
    base, slash, quote = text.upper().partition("/")
    if slash:
        return coin(base), coin(quote)
    for ending in (*(f"Z{code}" for code in FIAT), *FIAT, *STABLE, "XXBT", "XBT", "XETH", "ETH"):
        if text.upper().endswith(ending) and len(text) > len(ending):
            return coin(text[: -len(ending)]), coin(ending)
    return coin(text), ""


def interpret_trade(row: Row) -> Iterable[Row]:
    base, quote = pair(row.cell("pair"))
    texts = {Field.SYMBOL: base, Field.CURRENCY: quote}
    return (row.with_changes(texts=texts, numbers=row.numbers),)


TRADES: Final = Profile(
    name="kraken",
    label="Kraken, trades",
    signatures=(headed("txid", "ordertxid", "pair", "time", "type", "cost", "vol"),),
    columns={
        Field.OCCURRED_AT: ("time",),
        Field.KIND: ("type",),
        Field.QUANTITY: ("vol",),
        Field.UNIT_PRICE: ("price",),
        Field.AMOUNT: ("cost",),
        Field.FEES: ("fee",),
        Field.EXTERNAL_ID: ("txid",),
    },
    kinds={"buy": "buy", "sell": "sell"},
    decimal_mark=".",
    interpret=interpret_trade,
)


def interpret_entry(row: Row) -> Iterable[Row]:
    """Money in and out, and rewards; trades are in the other list."""
    word = row.texts.get(Field.KIND, "").casefold()
    if word == "earn" and row.cell("subtype").casefold() not in ("", "reward"):
        raise NoActivity("Moved inside of the exchange.")
    asset = coin(row.cell("asset"))
    amount, fee = row.numbers.get(Field.NET_AMOUNT), abs(row.number("fee"))
    if not row.texts.get(Field.EXTERNAL_ID):
        raise NoActivity("Not carried out yet.")
    if not amount:
        raise NoActivity("Nothing moved.")
    if word in REWARDS and amount < 0:
        raise Unclear("kind", "A reward was taken back; reverse the one it corrects.")
    if asset in FIAT:
        charge = row.with_changes(
            texts={Field.KIND: "fee", Field.CURRENCY: asset}, numbers={Field.NET_AMOUNT: -fee}
        )
        money = row.with_changes(texts={Field.CURRENCY: asset}, numbers={Field.NET_AMOUNT: amount})
        return (money, charge) if fee and word in ("deposit", "withdrawal") else (money,)
    if word in REWARDS:
        return reward(row, asset, amount - fee)
    moves = {"deposit": "transfer_in", "withdrawal": "transfer_out"}
    texts = {Field.KIND: moves.get(word, word), Field.SYMBOL: asset}
    # A charge in coins leaves the balance beside the amount.
    return (row.with_changes(texts=texts, numbers={Field.QUANTITY: amount - fee}),)


def reward(row: Row, asset: str, units: Decimal) -> Iterable[Row]:
    """Income that bought units at once, at what newer lists say that they were worth."""
    worth = row.number(WORTH)
    money = {Field.AMOUNT: worth} if worth else {}
    income = {Field.KIND: "interest", Field.CURRENCY: WORTH_CURRENCY, Field.SYMBOL: ""}
    bought = {Field.KIND: "buy", Field.CURRENCY: WORTH_CURRENCY, Field.SYMBOL: asset}
    return (
        row.with_changes(texts=income, numbers=money),
        row.with_changes(texts=bought, numbers={Field.QUANTITY: units, **money}),
    )


ELSEWHERE: Final = SKIP + "Part of a trade; the list of trades has it."
LEDGER: Final = Profile(
    name="kraken_ledger",
    label="Kraken, ledger",
    signatures=(headed("txid", "refid", "time", "type", "asset", "amount", "balance"),),
    columns={
        Field.OCCURRED_AT: ("time",),
        Field.KIND: ("type",),
        Field.NET_AMOUNT: ("amount",),
        Field.EXTERNAL_ID: ("txid",),
    },
    kinds={
        "deposit": CASH,
        "withdrawal": CASH,
        "fee": "fee",
        "transfer_in": "transfer_in",
        "transfer_out": "transfer_out",
        "transfer in": "transfer_in",
        "transfer out": "transfer_out",
        "staking": "interest",
        "earn": "interest",
        "reward": "interest",
        "interest": "interest",
        "buy": "buy",
        "dividend": "dividend",
        "trade": ELSEWHERE,
        "spend": ELSEWHERE,
        "receive": ELSEWHERE,
        "margin": ELSEWHERE,
        "rollover": ELSEWHERE,
        "transfer": SKIP + "Moved inside of the exchange.",
    },
    decimal_mark=".",
    is_signed=True,
    interpret=interpret_entry,
)
