"""Alpaca's answers in our words. Pure.

Numbers are texts, money is in dollars. Source: Alpaca Trading API v2, docs.alpaca.markets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from integrations.brokers.fields import Fields, objects_of
from integrations.http import Answer
from trading.broker_errors import (
    BadBrokerAnswer,
    BrokerError,
    FundsMissing,
    MarketClosed,
    OrderRepeated,
    RequestInvalid,
    SymbolUnknown,
    UnitsMissing,
)
from trading.brokers import BrokerAccount, BrokerActivity, BrokerOrder, BrokerPosition

TITLE: Final = "Alpaca"
CURRENCY: Final = "USD"
DIVIDENDS: Final = ("DIV", "CGD", "DIVCGL", "DIVCGS", "DIVFT", "DIVROC", "DIVTXEX", "SLRP")
# Money that came or went; by sign where there are two.
MONEY_KINDS: Final = {
    "CSD": ("deposit", "deposit"),
    "CSW": ("withdrawal", "withdrawal"),
    "CSR": ("deposit", "withdrawal"),
    "JNLC": ("deposit", "withdrawal"),
    "TRANS": ("deposit", "withdrawal"),
    "INT": ("interest", "fee"),
    "FEE": ("interest", "fee"),
    "CFEE": ("interest", "fee"),
    "PTC": ("interest", "fee"),
    "DIVFEE": ("interest", "fee"),
    "DIVNRA": ("interest", "tax"),
    "DIVWH": ("interest", "tax"),
    "DIVTW": ("interest", "tax"),
    # One that is taken back has no kind of its own.
    **dict.fromkeys(DIVIDENDS, ("dividend", "fee")),
}
# Kinds without money or units of their own, or that the market's own splits and spin-offs tell.
PASSED_OVER: Final = frozenset(
    {"MISC", "SPLIT", "SSP", "SPIN", "NC", "ACATC", "ACATS", "MA", "REORG", "JNL", "JNLS", "EXTRD"}
)
STATUSES: Final = {
    "filled": "filled",
    "canceled": "canceled",
    "replaced": "replaced",
    "expired": "expired",
    "done_for_day": "expired",
    "rejected": "rejected",
    "suspended": "rejected",
}
# What a refusal says, in small letters; the first that fits.
REFUSALS: Final[tuple[tuple[str, type[BrokerError]], ...]] = (
    ("client_order_id must be unique", OrderRepeated),
    ("insufficient buying power", FundsMissing),
    ("insufficient day trading buying power", FundsMissing),
    ("insufficient qty", UnitsMissing),
    ("not found", SymbolUnknown),
    ("could not find asset", SymbolUnknown),
    ("invalid symbol", SymbolUnknown),
    ("market is closed", MarketClosed),
    ("market hours", MarketClosed),
)
REFUSED: Final = frozenset({400, 403, 404, 422})


def judge_order(answer: Answer) -> BrokerError | None:
    """Why an order is refused; None where the status says all."""
    if answer.status not in REFUSED:
        return None
    try:
        told = json.loads(answer.body)
        message = str(told["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return None
    for words, kind in REFUSALS:
        if words in message.lower():
            return kind(f"{TITLE}: {message}")
    return RequestInvalid(f"{TITLE}: {message}") if answer.status == 422 else None


def read_account(found: Any) -> BrokerAccount:
    one = Fields(found, of="account")
    currency = one.text("currency")
    number = one.text("account_number")
    return BrokerAccount(number, currency, {currency: one.number("cash")}, raw=one.raw)


def read_positions(found: Any) -> list[BrokerPosition]:
    return [
        BrokerPosition(
            one.text("symbol"),
            one.number("qty"),
            currency=CURRENCY,
            unit_cost=one.number("avg_entry_price"),
            raw=one.raw,
        )
        for one in objects_of(found, of="positions")
    ]


def read_activity(one: Fields) -> Iterator[BrokerActivity]:
    """Raises:
    BadBrokerAnswer: it is of a kind that nobody knows.
    """
    word = one.text("activity_type")
    if word == "FILL":
        yield read_fill(one)
    elif word in MONEY_KINDS:
        came, went = MONEY_KINDS[word]
        yield read_money(one, went if one.number("net_amount") < 0 else came)
    elif word not in PASSED_OVER:
        raise BadBrokerAnswer(f"activity: nobody knows what a {word[:20]!r} is.")


def read_fill(one: Fields) -> BrokerActivity:
    """Raises:
    BadBrokerAnswer: a field is missing, or nobody knows its side.
    """
    side = one.text("side")
    if side not in {"buy", "sell", "sell_short"}:
        raise BadBrokerAnswer(f"activity: nobody knows the side {side[:20]!r}.")
    return BrokerActivity(
        one.text("id"),
        "buy" if side == "buy" else "sell",
        one.moment("transaction_time"),
        CURRENCY,
        one.text("symbol"),
        quantity=one.number("qty"),
        unit_price=one.number("price"),
        raw=one.raw,
    )


def read_money(one: Fields, kind: str) -> BrokerActivity:
    has_symbol = kind in {"dividend", "interest"}
    return BrokerActivity(
        one.text("id"),
        kind,
        one.moment("date"),
        CURRENCY,
        one.text("symbol", default="") if has_symbol else "",
        amount=abs(one.number("net_amount")),
        note=one.text("description", default="")[:200],
        raw=one.raw,
    )


def read_order(found: Any) -> BrokerOrder:
    one = Fields(found, of="order")
    return BrokerOrder(
        one.text("id"),
        one.text("client_order_id"),
        one.text("symbol"),
        one.text("side"),
        one.text("type"),
        STATUSES.get(one.text("status"), "working"),
        one.maybe_number("qty"),
        one.maybe_number("filled_qty") or Decimal(0),
        one.moment("submitted_at"),
        raw=one.raw,
    )
