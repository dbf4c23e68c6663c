"""One row's numbers and words as the facts of an activity. Pure.

Files sign their numbers in every way there is; an activity's are >= 0 and its kind says the
direction. Only an adjustment keeps its sign, which says whether something came or left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

from market.values import plain, wire_time
from portfolio.bookkeeping.amounts import (
    EXACT,
    PRICE_UNIT,
    TEN_PLACES,
    ZERO,
    is_finer,
    ten_places,
)
from portfolio.imports.errors import BadMoment
from portfolio.imports.headers import folded
from portfolio.imports.kinds import KINDS, WORDS
from portfolio.imports.moments import parse_moment
from portfolio.imports.profile import CASH, SKIP, TRADE, Profile, Row
from portfolio.imports.values import DateOrder, Field, ReadRow, RowProblem

CENT: Final = Decimal("0.01")
# Beyond that part of the whole, price and amount are in different currencies, and not rounded.
ROUNDING: Final = Decimal("0.01")
HUNDRED: Final = Decimal(100)
NOTE_CHARACTERS: Final = 300
HINT_CHARACTERS: Final = 160
ID_CHARACTERS: Final = 90
# Hundredths that prices are quoted in, as sources write them.
MINOR: Final = {
    "GBX": "GBP",
    "GBp": "GBP",
    "GBpence": "GBP",
    "ZAC": "ZAR",
    "ZAc": "ZAR",
    "ILA": "ILS",
}
CURRENCY_LENGTH: Final = 3
INCOME: Final = frozenset({"dividend", "interest"})
CHARGES: Final = frozenset({"fee", "tax"})
TRADES: Final = frozenset({"buy", "sell"})
ADJUSTMENT: Final = "adjustment"
SPIN_OFF: Final = "spin_off"
WITH_UNITS: Final = frozenset({"transfer_in", "transfer_out", ADJUSTMENT})


@dataclass(frozen=True, slots=True)
class ReadingStyle:
    """How one table is to be read."""

    profile: Profile
    mapping: Mapping[Field, str]
    places: Mapping[Field, int]
    date_order: DateOrder
    is_date_order_certain: bool
    decimal_mark: str


def finished_row(row: Row, style: ReadingStyle, blank: ReadRow, *, part: int = 0) -> ReadRow:
    """The row as an activity, or with what keeps it from being one."""
    texts = row.texts
    found = replace(
        blank,
        facts={},
        problems=list(row.problems),
        symbol=texts.get(Field.SYMBOL, "")[:HINT_CHARACTERS],
        isin=texts.get(Field.ISIN, "").upper()[:HINT_CHARACTERS],
        name=texts.get(Field.NAME, "")[:HINT_CHARACTERS],
        portfolio=texts.get(Field.PORTFOLIO, "")[:HINT_CHARACTERS],
    )
    kind = kind_of(row, style.profile)
    if kind.startswith(SKIP):
        found.skipped = kind.removeprefix(SKIP).strip()
        return found
    if kind not in KINDS:
        found.problems.append(unknown_kind(texts.get(Field.KIND, "")))
    take_currency(row)
    kind = direct(row, kind, is_signed=style.profile.is_signed)
    found.facts["kind"] = kind
    take_moment(found, texts, style)
    take_amounts(found, row.numbers, kind, is_own=style.profile.keeps_external_ids)
    take_words(found, texts, style.profile, part)
    return found


def kind_of(row: Row, profile: Profile) -> str:
    """The kind that the row names; without such a column, units say it is a trade."""
    word = row.texts.get(Field.KIND, "")
    if word:
        kind = profile.kind_of(word) or WORDS.get(folded(word), "")
    else:
        kind = TRADE if Field.QUANTITY in row.numbers else ""
    if kind == TRADE:
        return "sell" if row.numbers.get(Field.QUANTITY, ZERO) < 0 else "buy"
    if kind == CASH:
        return "withdrawal" if money_of(row.numbers) < 0 else "deposit"
    return kind


def unknown_kind(word: str) -> RowProblem:
    if not word:
        return RowProblem("kind", "required", "The row does not say what happened.")
    return RowProblem("kind", "unknown", f"Nobody knows what {word[:60]!r} means here.")


def money_of(numbers: Mapping[Field, Decimal]) -> Decimal:
    return numbers.get(Field.NET_AMOUNT) or numbers.get(Field.AMOUNT) or ZERO


def direct(row: Row, kind: str, *, is_signed: bool) -> str:
    """Where signs tell in and out: interest that was paid is a fee, a charge paid back income."""
    if not is_signed:
        return kind
    money = money_of(row.numbers)
    if kind == "interest" and money < 0:
        return "fee"
    if kind in CHARGES and money > 0:
        row.texts[Field.NOTE] = f"Refund: {row.texts.get(Field.NOTE, '')}".strip()
        return "interest"
    if kind == "dividend" and money < 0:
        message = "A dividend was taken back; reverse the one it corrects."
        row.problems.append(RowProblem("amount", "negative", message))
    return kind


def take_currency(row: Row) -> None:
    """Hundredths of a currency, as prices in pence are, become the currency itself."""
    code = row.texts.get(Field.CURRENCY, "")
    major = MINOR.get(code)
    if major is None:
        row.texts[Field.CURRENCY] = code.upper()
        return
    row.texts[Field.CURRENCY] = major
    for field in (Field.UNIT_PRICE, Field.AMOUNT, Field.NET_AMOUNT, Field.FEES, Field.TAXES):
        if field in row.numbers:
            row.numbers[field] = EXACT.divide(row.numbers[field], HUNDRED)


def take_moment(found: ReadRow, texts: Mapping[Field, str], style: ReadingStyle) -> None:
    """Add when it happened to the row's facts, or to its problems why that cannot be read."""
    text = texts.get(Field.OCCURRED_AT, "")
    if not text:
        found.problems.append(RowProblem("occurred_at", "required", "The row has no date."))
        return
    clock = texts.get(Field.TIME, "")
    try:
        found.facts["occurred_at"] = told_moment(text, style.date_order, style.profile.zone, clock)
    except BadMoment as error:
        found.problems.append(RowProblem("occurred_at", "not_a_time", f"The date {error}."))


@lru_cache(maxsize=8192)
def told_moment(text: str, order: DateOrder, zone: str, clock: str) -> str:
    """Raises:
    BadMoment: it is none.
    """
    return wire_time(parse_moment(text, order=order, zone=zone, clock=clock))


def take_amounts(
    found: ReadRow, numbers: Mapping[Field, Decimal], kind: str, *, is_own: bool
) -> None:
    """Add what an activity of this kind says in numbers to the facts, in ten places at most.

    In a file of our own units at a cost of 0 are told from those whose cost nobody said.
    """
    fees, taxes = (abs(numbers.get(field, ZERO)) for field in (Field.FEES, Field.TAXES))
    facts: dict[str, Decimal | None] = {}
    if kind in TRADES:
        facts = trade_amounts(numbers, kind, fees, taxes)
    elif kind == "split":
        facts = {
            "ratio_from": numbers.get(Field.RATIO_FROM),
            "ratio_to": numbers.get(Field.RATIO_TO),
        }
    elif kind == SPIN_OFF:
        facts = {
            "quantity": numbers.get(Field.QUANTITY),
            "cost_share": numbers.get(Field.COST_SHARE),
        }
    elif kind in WITH_UNITS and numbers.get(Field.QUANTITY):
        price = numbers.get(Field.UNIT_PRICE)
        is_free = is_own and numbers.get(Field.AMOUNT) == 0
        facts = {
            "quantity": rounded(directed(numbers[Field.QUANTITY], kind)),
            "unit_price": None if price is None else rounded(abs(price)),
            "amount": None if price is not None else ZERO if is_free else maybe_money(numbers),
        }
    else:
        facts = {"amount": gross_amount(numbers, kind, fees, taxes)}
    rate = numbers.get(Field.EXCHANGE_RATE)
    facts |= {"fees": fees or None, "taxes": taxes or None, "exchange_rate": rate or None}
    found.facts |= {
        name: plain(rounded(number)) for name, number in facts.items() if number is not None
    }


def directed(number: Decimal, kind: str) -> Decimal:
    """A number as the facts of that kind have it."""
    return number if kind == ADJUSTMENT else abs(number)


def maybe_money(numbers: Mapping[Field, Decimal]) -> Decimal | None:
    return abs(money_of(numbers)) or None


def gross_amount(
    numbers: Mapping[Field, Decimal], kind: str, fees: Decimal, taxes: Decimal
) -> Decimal | None:
    """Money of a kind without units. Income that is told net had its charges deducted."""
    if amount := numbers.get(Field.AMOUNT):
        return directed(amount, kind)
    if net := numbers.get(Field.NET_AMOUNT):
        return abs(net) + fees + taxes if kind in INCOME else directed(net, kind)
    quantity, price = numbers.get(Field.QUANTITY), numbers.get(Field.UNIT_PRICE)
    if quantity and price:
        return abs(EXACT.multiply(quantity, price))
    return None


def trade_amounts(
    numbers: Mapping[Field, Decimal], kind: str, fees: Decimal, taxes: Decimal
) -> dict[str, Decimal | None]:
    """Units with their price, or with the whole amount where that is all there is or is finer."""
    quantity = numbers.get(Field.QUANTITY)
    price = numbers.get(Field.UNIT_PRICE)
    if not quantity:
        return {"quantity": quantity, "unit_price": price, "amount": maybe_money(numbers)}
    units = abs(quantity)
    amount = abs(numbers[Field.AMOUNT]) if numbers.get(Field.AMOUNT) else None
    if amount is None and (net := numbers.get(Field.NET_AMOUNT)):
        charges = fees + taxes
        amount = abs(net) - charges if kind == "buy" else abs(net) + charges
    if price is None:
        return {"quantity": units, "unit_price": None, "amount": amount}
    price = abs(price)
    gross = EXACT.multiply(units, price)
    if amount is not None and units != 1 and abs(price - amount) <= CENT < abs(gross - amount):
        # The whole cost stands where the price of one is looked for.
        return {"quantity": units, "unit_price": None, "amount": amount}
    is_exact = amount is not None and CENT < abs(amount - gross) <= gross * ROUNDING
    if is_exact or is_finer(price, PRICE_UNIT):
        return {"quantity": units, "unit_price": None, "amount": amount if is_exact else gross}
    return {"quantity": units, "unit_price": price, "amount": None}


def rounded(number: Decimal) -> Decimal:
    """To the ten places that the ledger stores."""
    return ten_places(number) if is_finer(number, TEN_PLACES) else number


def take_words(found: ReadRow, texts: Mapping[Field, str], profile: Profile, part: int) -> None:
    if currency := texts.get(Field.CURRENCY, ""):
        found.facts["currency"] = currency[:CURRENCY_LENGTH]
    if source := texts.get(Field.FROM_SYMBOL, ""):
        found.facts["from_symbol"] = source[:HINT_CHARACTERS]
    if lots := texts.get(Field.LOTS, ""):
        found.facts["lots"] = lots
    if note := texts.get(Field.NOTE, ""):
        found.facts["note"] = note[:NOTE_CHARACTERS]
    if external_id := texts.get(Field.EXTERNAL_ID, ""):
        suffix = f"/{part}" if part else ""
        if profile.keeps_external_ids:
            found.facts["external_id"] = f"{external_id}{suffix}"
        else:
            short = external_id[:ID_CHARACTERS]
            found.facts["external_id"] = f"{profile.name}:{short}{suffix}"
