"""The library's unified structures in our words. Pure.

Currencies that states issue are money, everything else is units of an instrument, also where a
coin was paid with another coin. Source: ccxt manual, "Trade Structure", "Ledger Structure".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.brokers.fields import Fields
from market.currencies.currency_units import NAMES
from portfolio.bookkeeping.amounts import TEN_PLACES, ZERO
from trading.broker_errors import BadBrokerAnswer
from trading.brokers import BrokerAccount, BrokerActivity, BrokerPosition

PRICE_PLACES: Final = 8
# Money that came, and money that left.
MONEY_KINDS: Final = {
    "deposit": ("deposit", "withdrawal"),
    "withdrawal": ("deposit", "withdrawal"),
    "transaction": ("deposit", "withdrawal"),
    "fee": ("interest", "fee"),
    "margin": ("interest", "fee"),
    "rollover": ("interest", "fee"),
}
# Trades are read as trades; the rest moves inside of an account.
PASSED_OVER: Final = frozenset({"trade", "transfer", "spend", "receive", "settled", "sale"})


def is_money(code: str) -> bool:
    return code in NAMES


def coin(code: str) -> str:
    """What is staked or held back as in ``ETH.S`` is the same coin."""
    return code.partition(".")[0]


class Unified(Fields):
    """Of a structure whose ``info`` is what the exchange said."""

    @property
    def raw(self) -> str:
        return json.dumps(self.found.get("info"), default=str, sort_keys=True)

    def at(self) -> datetime:
        found = self.found.get("timestamp")
        if not isinstance(found, int):
            raise BadBrokerAnswer(f"{self.of}: it has no time.")
        return datetime.fromtimestamp(found / 1000, UTC)

    def units(self, name: str) -> Decimal:
        return abs(self.number(name)).quantize(TEN_PLACES).normalize()

    def fee(self) -> tuple[Decimal, str]:
        """What it cost, and in what; 0 where it cost nothing. A rebate is negative."""
        found = self.found.get("fee")
        fee = Fields(found, of=f"{self.of}: fee") if found else None
        if fee is None or fee.found.get("cost") is None:
            return ZERO, ""
        cost = fee.number("cost")
        return (cost, coin(fee.text("currency"))) if cost else (ZERO, "")


def read_balance(found: Any, *, account_id: str) -> BrokerAccount:
    totals = {code: total for code, total in totals_of(found).items() if is_money(code)}
    currency = max(totals, key=lambda code: totals[code], default="USD")
    raw = Unified(found, of="balance").raw
    return BrokerAccount(account_id, currency, totals or {currency: ZERO}, raw=raw)


def read_positions(found: Any) -> list[BrokerPosition]:
    return [
        BrokerPosition(code, total, raw=json.dumps({code: str(total)}))
        for code, total in sorted(totals_of(found).items())
        if total and not is_money(code)
    ]


def totals_of(found: Any) -> dict[str, Decimal]:
    """Free and held back together."""
    totals: dict[str, Decimal] = {}
    for code, text in Fields(found, of="balance").found.get("total", {}).items():
        try:
            number = Decimal(str(text)) if text is not None else ZERO
        except InvalidOperation:
            raise BadBrokerAnswer(f"balance: {code} is no number.") from None
        totals[coin(code)] = totals.get(coin(code), ZERO) + number
    return totals


def read_trade(found: Mapping[str, Any]) -> Iterator[BrokerActivity]:
    """A trade in coins for coins, or of money for money, is a transfer out and one in; of futures
    none are kept.
    """
    one = Unified(found, of="trade")
    symbol, side = one.text("symbol"), one.text("side")
    if side not in ("buy", "sell"):
        raise BadBrokerAnswer(f"{one.of}: nobody knows the side {side[:20]!r}.")
    if ":" in symbol:
        return
    base, _, quote = symbol.partition("/")
    base, quote = coin(base), coin(quote)
    cost, fee_code = one.fee()
    has_own_fee = False
    if is_money(quote) and not is_money(base):
        has_own_fee = fee_code == quote and cost > 0
        yield traded(one, side, base, quote, fees=cost if has_own_fee else ZERO)
    else:
        yield from exchanged(one, side, base, quote)
    if cost and not has_own_fee:
        kind = "fee" if cost > 0 else "interest"
        yield moved(one, f"{trade_id(one)}-fee", kind, fee_code, abs(cost))


def trade_id(one: Unified) -> str:
    return f"trade-{one.text('id')}"


def traded(one: Unified, side: str, base: str, quote: str, *, fees: Decimal) -> BrokerActivity:
    """Coins for money; where the price has more places than we keep, their amount tells it."""
    quantity, price = one.units("amount"), one.number("price")
    is_exact = -int(price.normalize().as_tuple().exponent) <= PRICE_PLACES
    return BrokerActivity(
        trade_id(one),
        side,
        one.at(),
        quote,
        base,
        quantity=quantity,
        unit_price=price if is_exact else None,
        amount=None if is_exact else (quantity * price).quantize(TEN_PLACES),
        fees=fees.quantize(TEN_PLACES).normalize() if fees else ZERO,
        raw=one.raw,
    )


def exchanged(one: Unified, side: str, base: str, quote: str) -> Iterator[BrokerActivity]:
    """Both legs of a trade that is none of coins for money."""
    quantity, price = one.units("amount"), one.number("price")
    paid = one.units("cost") if one.found.get("cost") else quantity * price
    came, left = ("transfer_in", "transfer_out")[:: 1 if side == "buy" else -1]
    for word, kind, code, number in (
        ("base", came, base, quantity),
        ("quote", left, quote, paid),
    ):
        leg = moved(one, f"{trade_id(one)}-{word}", kind, code, number)
        yield replace(leg, event_id=trade_id(one))


def moved(one: Unified, id_: str, kind: str, code: str, number: Decimal) -> BrokerActivity:
    """Money, or units of a coin: charged units leave, and given ones come."""
    number = number.quantize(TEN_PLACES).normalize()
    if is_money(code):
        return BrokerActivity(id_, kind, one.at(), code, amount=number, raw=one.raw)
    units = {"fee": "transfer_out", "withdrawal": "transfer_out"}
    kind = kind if kind.startswith("transfer") else units.get(kind, "transfer_in")
    return BrokerActivity(id_, kind, one.at(), "", code, quantity=number, raw=one.raw)


def read_movement(found: Mapping[str, Any]) -> Iterator[BrokerActivity]:
    """An entry of the ledger, or a deposit or withdrawal; rewards and dividends name no
    instrument, so those in money are interest.
    """
    one = Unified(found, of="movement")
    word = one.text("type")
    is_settled = found.get("status") in (None, "ok")
    if word in PASSED_OVER or not is_settled or not one.number("amount"):
        return
    direction = found.get("direction") or ("out" if word == "withdrawal" else "in")
    came, left = MONEY_KINDS.get(word, ("interest", "fee"))
    id_ = f"movement-{one.text('id')}"
    kind = left if direction == "out" else came
    yield moved(one, id_, kind, coin(one.text("currency")), one.units("amount"))
    cost, code = one.fee()
    if cost > 0:
        yield moved(one, f"{id_}-fee", "fee", code, cost)
