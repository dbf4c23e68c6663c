"""Rows of a statement in our words. Pure.

Money that left, commissions and taxes are negative. Cash is kept by currency, so nothing is
changed into the base currency. Source: Interactive Brokers, "Flex Queries" reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from integrations.brokers.fields import Fields
from integrations.brokers.ibkr_flex.statements import Statement
from portfolio.bookkeeping.amounts import ZERO
from trading.broker_errors import BadBrokerAnswer
from trading.brokers import BrokerAccount, BrokerActivity, BrokerPosition

ZONE: Final = ZoneInfo("America/New_York")
# As a query writes days and times, whichever separators were chosen for it.
MOMENT: Final = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[;, T]+(\d{2}):?(\d{2}):?(\d{2}))?(?: (?:EST|EDT))?", re.ASCII
)
# Money that came, and money that left.
MONEY_KINDS: Final = {
    "deposits/withdrawals": ("deposit", "withdrawal"),
    "deposits & withdrawals": ("deposit", "withdrawal"),
    "dividends": ("dividend", "fee"),
    "payment in lieu of dividends": ("dividend", "fee"),
    "withholding tax": ("interest", "tax"),
    "871(m) withholding": ("interest", "tax"),
    "sales tax": ("interest", "tax"),
    "broker interest paid": ("interest", "fee"),
    "broker interest received": ("interest", "fee"),
    "bond interest paid": ("interest", "fee"),
    "bond interest received": ("interest", "fee"),
    "other fees": ("interest", "fee"),
    "broker fees": ("interest", "fee"),
    "advisor fees": ("interest", "fee"),
    "commission adjustments": ("interest", "fee"),
    "price adjustments": ("interest", "fee"),
}
# Splits are told by the market, cash dividends by the cash transactions.
PASSED_OVER: Final = frozenset({"FS", "RS", "FI", "CD", "CH", "HD", "PV", "ED"})
WHOLE: Final = frozenset({"", "EXECUTION", "DETAIL"})
SUMMARY: Final = "BASE_SUMMARY"


def moment_of(one: Fields, name: str) -> datetime:
    """A day alone is its first moment in New York.

    Raises:
        BadBrokerAnswer: it is no time as a query writes it.
    """
    found = MOMENT.fullmatch(one.text(name).strip())
    try:
        parts = [int(part or 0) for part in found.groups()] if found else []
        at = datetime(*parts, tzinfo=ZONE) if parts else None  # type: ignore[misc, arg-type]
    except ValueError:
        at = None
    if at is None:
        raise BadBrokerAnswer(
            f"{one.of}: {name} is no time; set the query's formats to yyyyMMdd and HHmmss."
        )
    return at.astimezone(UTC)


def opened_on(statement: Statement) -> date | None:
    if not statement.about.text("dateOpened", default=""):
        return None
    return moment_of(statement.about, "dateOpened").astimezone(ZONE).date()


def read_account(statement: Statement) -> BrokerAccount:
    about = statement.about
    cash = {
        one.text("currency"): one.number("endingCash")
        for one in statement.rows("CashReport", "CashReportCurrency")
        if one.text("currency") != SUMMARY
    }
    return BrokerAccount(about.text("accountId"), about.text("currency"), cash, raw=about.raw)


def read_positions(statement: Statement) -> list[BrokerPosition]:
    return [
        BrokerPosition(
            one.text("symbol"),
            one.number("position") * multiplier_of(one),
            one.text("isin", default=""),
            one.text("description", default=""),
            one.text("currency"),
            one.maybe_number("costBasisPrice"),
            raw=one.raw,
        )
        for one in statement.rows("OpenPositions", "OpenPosition")
        if one.text("levelOfDetail", default="SUMMARY") == "SUMMARY"
    ]


def multiplier_of(one: Fields) -> Decimal:
    """Units of one contract; 1 of a share."""
    return one.number("multiplier") if one.found.get("multiplier") else Decimal(1)


def read_activities(statement: Statement) -> Iterator[BrokerActivity]:
    for one in statement.rows("Trades", "Trade"):
        if one.text("levelOfDetail", default="") in WHOLE:
            yield from read_trade(one)
    for one in statement.rows("CashTransactions", "CashTransaction"):
        if one.text("levelOfDetail", default="") in WHOLE:
            yield read_cash(one)
    for one in statement.rows("CorporateActions", "CorporateAction"):
        if one.text("levelOfDetail", default="") in WHOLE:
            yield from read_corporate_action(one)


def named(one: Fields, id_: str, kind: str, **numbers: Decimal | None) -> BrokerActivity:
    """An activity of the row's instrument at its moment."""
    return BrokerActivity(
        id_,
        kind,
        moment_of(one, "dateTime"),
        one.text("currency"),
        one.text("symbol"),
        one.text("isin", default=""),
        one.text("description", default="")[:160],
        **numbers,  # type: ignore[arg-type]
        raw=one.raw,
    )


def read_trade(one: Fields) -> Iterator[BrokerActivity]:
    """By the sign of its quantity; so a trade taken back is one the other way."""
    id_ = f"trade-{one.text('transactionID')}"
    quantity, price = one.number("quantity"), one.number("tradePrice")
    commission = one.number("ibCommission")
    taxes = one.maybe_number("taxes") or ZERO
    kind = "sell" if quantity < 0 else "buy"
    currency = one.text("currency")
    if one.text("assetCategory") == "CASH":
        yield from read_exchange(one, id_, quantity, price)
    else:
        is_own = one.text("ibCommissionCurrency", default=currency) == currency
        yield named(
            one,
            id_,
            kind,
            quantity=abs(quantity) * multiplier_of(one),
            unit_price=price,
            fees=-commission if is_own and commission < 0 else ZERO,
            taxes=-taxes if taxes < 0 else ZERO,
        )
        if is_own and commission <= 0:
            return
    if commission:
        # In another currency, or given back.
        yield money(
            one,
            f"{id_}-commission",
            "fee" if commission < 0 else "interest",
            currency=one.text("ibCommissionCurrency", default=currency),
            amount=abs(commission),
        )


def read_exchange(
    one: Fields, id_: str, quantity: Decimal, rate: Decimal
) -> Iterator[BrokerActivity]:
    """Money changed, as in ``EUR.USD``: so much of the one for so much of the other."""
    bought, _, paid = one.text("symbol").partition(".")
    came, left = ("transfer_in", "transfer_out")[:: 1 if quantity > 0 else -1]
    other = abs(one.number("proceeds")) if one.found.get("proceeds") else abs(quantity * rate)
    note = f"{one.text('symbol')} at {rate}"
    for side, kind, code, amount in (
        ("base", came, bought, abs(quantity)),
        ("quote", left, paid or one.text("currency"), other),
    ):
        made = money(one, f"{id_}-{side}", kind, currency=code, amount=amount)
        yield replace(made, note=note, event_id=id_)


def money(one: Fields, id_: str, kind: str, *, currency: str, amount: Decimal) -> BrokerActivity:
    """An activity of money alone."""
    return BrokerActivity(
        id_,
        kind,
        moment_of(one, "dateTime"),
        currency,
        amount=amount,
        note=one.text("description", default="")[:200],
        raw=one.raw,
    )


def read_cash(one: Fields) -> BrokerActivity:
    """Raises:
    BadBrokerAnswer: it is of a type that nobody knows.
    """
    word = one.text("type")
    if word.casefold() not in MONEY_KINDS:
        raise BadBrokerAnswer(f"{one.of}: nobody knows what {word[:40]!r} is.")
    amount = one.number("amount")
    came, left = MONEY_KINDS[word.casefold()]
    kind = left if amount < 0 else came
    made = money(
        one,
        f"cash-{one.text('transactionID')}",
        kind,
        currency=one.text("currency"),
        amount=abs(amount),
    )
    if kind == "dividend":
        return replace(made, symbol=one.text("symbol"), isin=one.text("isin", default=""))
    return made


def read_corporate_action(one: Fields) -> Iterator[BrokerActivity]:
    """Units that came or left, at what was paid for them or what they were worth that day; in a
    merger those of the one leave as those of the other come.
    """
    quantity = one.number("quantity") if one.found.get("quantity") else ZERO
    if one.text("type") in PASSED_OVER or not quantity:
        return
    proceeds = one.maybe_number("proceeds") or ZERO
    worth = one.maybe_number("value") or ZERO
    id_ = f"action-{one.text('transactionID')}"
    if proceeds > 0 > quantity:
        leg = named(one, id_, "sell", quantity=-quantity, amount=proceeds)
    elif proceeds < 0 < quantity:
        leg = named(one, id_, "buy", quantity=quantity, amount=-proceeds)
    elif quantity < 0:
        leg = named(one, id_, "transfer_out", quantity=-quantity)
    else:
        leg = named(one, id_, "transfer_in", quantity=quantity, amount=abs(worth))
    whole = one.text("actionID", default="")
    yield replace(leg, event_id=f"action-{whole}" if whole else "")
