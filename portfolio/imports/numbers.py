"""Numbers as people and programs write them: decimal commas, thousands, signs. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from portfolio.imports.errors import BadNumber

LENGTH_MAXIMUM: Final = 60
PLAIN: Final = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
# Currency signs and codes around the number, and whatever separates thousands but marks.
AROUND: Final = re.compile(r"^[A-Za-z]{3}\b|\b[A-Za-z]{3}$|[$€£¥₣%]|[\s'’\u00a0\u202f]")
SCIENTIFIC: Final = re.compile(r"-?\d{1,30}(\.\d{1,20})?[eE][+-]?\d{1,2}", re.ASCII)
WHOLE: Final = re.compile(r"\d{1,30}", re.ASCII)
POINT, COMMA = ".", ","
# The last mark of a number decides, unless three digits follow it: then it may be of thousands.
ENDING: Final = re.compile(r"\d([.,])(\d+)\D*$", re.ASCII)


def find_decimal_mark(texts: Iterable[str], *, separator: str = "") -> str:
    """Which of point and comma stands before the decimals in a whole file.

    Where nothing tells, it is the point; but the comma in files that separate by semicolons.
    """
    votes: Counter[str] = Counter()
    has_commas = False
    for text in texts:
        has_commas = has_commas or COMMA in text
        if mark := mark_of(text):
            votes[mark] += 1
    if votes[POINT] != votes[COMMA]:
        return max((POINT, COMMA), key=lambda mark: votes[mark])
    return COMMA if separator == ";" and has_commas else POINT


def mark_of(text: str) -> str:
    """The decimal mark that one number shows beyond doubt; empty where it does not."""
    ending = ENDING.search(text)
    if ending is None:
        return ""
    mark, digits = ending.group(1), ending.group(2)
    other = COMMA if mark == POINT else POINT
    if other in text[: ending.start(1)]:
        return mark
    if text.count(mark) > 1:
        return other
    return mark if len(digits) != 3 or text.lstrip("-+ ").startswith("0") else ""


@lru_cache(maxsize=8192)
def parse_number(text: str, *, decimal_mark: str = POINT) -> Decimal:
    """Read a number; parentheses and a minus at either end make it negative.

    Raises:
        BadNumber: it is none in that style. Thousands must stand in threes.
    """
    if decimal_mark == POINT and PLAIN.fullmatch(text):
        return Decimal(text)
    if len(text) > LENGTH_MAXIMUM:
        raise BadNumber(f"was a text of {len(text)} characters, must be a number")
    shown = text
    text = AROUND.sub("", text.strip()).replace("\u2212", "-").replace("−", "-")
    is_negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1] if is_negative else text
    if text.endswith("-"):
        text = "-" + text[:-1]
    if text.startswith("-"):
        is_negative, text = not is_negative, text[1:]
    text = AROUND.sub("", text).removeprefix("+")
    number = unsigned(text, decimal_mark, shown)
    return -number if is_negative else number


def unsigned(text: str, decimal_mark: str, shown: str) -> Decimal:
    """Read a number without a sign; ``shown`` is how it stands in the file.

    Raises:
        BadNumber: it is none, or its groups of thousands are not of three digits.
    """
    if SCIENTIFIC.fullmatch(text):
        return Decimal(format(Decimal(text), "f"))
    thousands = COMMA if decimal_mark == POINT else POINT
    whole, _, decimals = text.partition(decimal_mark)
    groups = whole.split(thousands)
    is_grouped = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    digits = "".join(groups) or "0"
    is_number = WHOLE.fullmatch(digits) and (not decimals or WHOLE.fullmatch(decimals))
    if not text or text == decimal_mark or not is_grouped or not is_number:
        raise BadNumber(f"was {shown!r}, must be a number such as 1234{decimal_mark}50")
    return Decimal(f"{digits}.{decimals}" if decimals else digits)
