"""Lots as a row names them: those that a sale uses, or those that a transfer brings. Pure.

A sale names a lot by the external id of the activity that opened it, because the lot's own id
is this desk's alone: ``[{"of": "broker:17", "quantity": "3"}]``. Where one activity opened several
lots, ``part`` counts them from 0, oldest first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from accounts.errors import Problem
from market.values import plain
from portfolio.bookkeeping.drafts import EntryKind, LotFact
from portfolio.imports.values import RowProblem
from portfolio.lots import Method
from portfolio.recording.activity_rules import EXTERNAL_ID_LENGTH, LOTS_MAXIMUM, ActivityDraft
from portfolio.recording.activity_shapes import find_lot_problems

LOTS: Final = "lots"
LONGEST_NUMBER: Final = 40


class BadLots(ValueError):
    """The text names no lots."""


@dataclass(frozen=True, slots=True)
class NamedLot:
    """Units of a lot that another activity of the same portfolio opens."""

    of: str  # its external id
    part: int
    quantity: Decimal


def write_lots(lots: list[NamedLot]) -> str:
    """As a row names them; ``read_lots`` reads it."""
    told = [facts_of(lot) for lot in lots]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def facts_of(lot: NamedLot) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"of": lot.of, "quantity": plain(lot.quantity)}
    return facts | {"part": lot.part} if lot.part else facts


def read_objects(text: str) -> list[dict[str, Any]]:
    """Raises:
    BadLots: it is no JSON list of objects, or too long a one.
    """
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadLots("are no JSON") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadLots("are no list of lots")
    if len(found) > LOTS_MAXIMUM:
        raise BadLots(f"are {len(found)}, at most {LOTS_MAXIMUM} are allowed")
    return found


def read_lots(text: str) -> list[NamedLot]:
    """Raises:
    BadLots: it names no lots of a sale.
    """
    return [named_lot(one) for one in read_objects(text)]


def named_lot(told: Mapping[str, Any]) -> NamedLot:
    """Raises:
    BadLots: it names no activity, no part of one, or no number of units.
    """
    of, part, quantity = told.get("of"), told.get("part", 0), told.get("quantity")
    is_named = isinstance(of, str) and 0 < len(of) <= EXTERNAL_ID_LENGTH and of.isprintable()
    if not is_named or told.keys() - {"of", "part", "quantity"}:
        raise BadLots("do not say of which activity they are")
    if not isinstance(part, int) or isinstance(part, bool) or not 0 <= part < LOTS_MAXIMUM:
        raise BadLots(f"have a part that is not 0 to {LOTS_MAXIMUM - 1}")
    if not isinstance(quantity, str) or len(quantity) > LONGEST_NUMBER:
        raise BadLots("do not say how many units")
    try:
        return NamedLot(str(of), part, Decimal(quantity))
    except ArithmeticError as error:
        raise BadLots(f"have {quantity!r} units, which is no number") from error


def lots_of_sale(facts: Mapping[str, str]) -> list[NamedLot]:
    """Those that a row names, in its order; none of what is no sale.

    Raises:
        BadLots: it names none that make sense.
    """
    is_sale = facts.get("kind") == EntryKind.SELL
    return read_lots(facts[LOTS]) if is_sale and facts.get(LOTS) else []


def find_named_problems(
    facts: Mapping[str, str], activity: ActivityDraft, method: str
) -> Iterator[RowProblem]:
    """What is wrong with the lots by themselves; whether there are such, the books say."""
    try:
        named = lots_of_sale(facts)
    except BadLots as error:
        yield RowProblem(LOTS, "invalid", f"The lots {error}.")
        return
    if not named:
        return
    if method == Method.AVERAGE:
        message = "under average cost there are no lots to choose from"
        yield RowProblem(LOTS, "not_used", message)
        return
    facts_of_lots = tuple(LotFact(quantity=one.quantity) for one in named)
    problems: Iterator[Problem] = find_lot_problems(replace(activity, lots=facts_of_lots))
    for one in problems:
        yield RowProblem(LOTS, one.code, one.message)
