"""Kinds of activity, and what people and programs call them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portfolio.imports.profile import CASH, SKIP, TRADE

# Those of the contract, whether the books take them yet or not.
KINDS: Final = frozenset(
    {
        *("deposit", "withdrawal", "buy", "sell", "dividend", "interest", "fee", "tax"),
        *("split", "transfer_in", "transfer_out", "spin_off", "adjustment"),
    }
)
CALLED: Final = {
    "buy": "buy b bought purchase kauf koop achat compra bot acquisition reinvest",
    "sell": "sell s sold sale verkauf verkoop vente venta sld disposal",
    "dividend": "dividend dividends dividende dividenden distribution div ausschüttung",
    "interest": "interest zinsen rente intérêts zins int",
    "fee": "fee fees commission gebühr gebühren kosten frais charge",
    "tax": "tax taxes withholding steuer steuern belasting",
    "deposit": "deposit einzahlung storting einlage contribution deposits dépôt",
    "withdrawal": "withdrawal withdraw auszahlung opname entnahme withdrawals retrait",
    "split": "split stock_split aktiensplit",
    "transfer_in": "transfer_in delivery_in einbuchung",
    "transfer_out": "transfer_out delivery_out ausbuchung",
    "spin_off": "spin_off spinoff",
    "adjustment": "adjustment",
    TRADE: "trade trades",
    CASH: "cash",
    SKIP + "Not an activity.": "balance saldo opening_balance",
}
WORDS: Final[Mapping[str, str]] = {
    word.replace("_", " "): kind for kind, words in CALLED.items() for word in words.split()
} | {
    "cash dividend": "dividend",
    "transfer in": "transfer_in",
    "transfer out": "transfer_out",
    "stock split": "split",
    "spin-off": "spin_off",
    "withholding tax": "tax",
}
