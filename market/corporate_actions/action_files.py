"""Lines of a file of dividends and splits: a CSV in UTF-8 with a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from django.conf import settings

from market.corporate_actions.facts import ActionFacts, find_problems
from market.errors import UnreadableFile
from market.models.corporate_actions import ActionKind

REQUIRED: Final = ("symbol", "ex_date")
DIVIDEND_COLUMNS: Final = ("amount_per_share",)
SPLIT_COLUMNS: Final = ("ratio_from", "ratio_to")
TRUE_WORDS: Final = frozenset({"1", "true", "yes"})
FALSE_WORDS: Final = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One line: where it is, of what, and its words by column; absent columns are empty."""

    line: int  # 1 is the header
    address: str  # AAPL, or XNAS:AAPL
    cells: Mapping[str, str]


class UnreadableLine(ValueError):
    """The line makes no dividend or split; ``code`` says how."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_action_lines(content: bytes) -> Iterator[ActionLine]:
    """Take a file apart; blank lines do not count.

    Raises:
        UnreadableFile: it is too long, not a CSV in UTF-8, or lacks columns.
    """
    limit = settings.LIMITS.corporate_action_file_bytes
    if len(content) > limit:
        raise UnreadableFile(f"The file of corporate actions is bigger than {limit} bytes.")
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in REQUIRED if name not in names]
        if not missing and not {*DIVIDEND_COLUMNS, *SPLIT_COLUMNS} & set(names):
            missing = [*DIVIDEND_COLUMNS]
        if missing:
            raise UnreadableFile(f"The file lacks the columns {', '.join(missing)}.")
        for words in reader:
            cells = {name: word.strip() for name, word in zip(names, words, strict=False)}
            if any(cells.values()):
                yield ActionLine(reader.line_num, cells.get("symbol", ""), cells)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"The file is not a CSV in UTF-8: {error}.") from error


def read_facts(line: ActionLine, *, currency: str, today: date) -> ActionFacts:
    """What a line says.

    Args:
        currency: of dividends which name none.
        today: where the instrument is listed.

    Raises:
        UnreadableLine: it makes no dividend or split.
    """
    kind = _read_kind(line.cells)
    ex_date = _read_date(line.cells, "ex_date")
    facts = ActionFacts(
        kind=kind,
        ex_date=ex_date,
        pay_date=_read_date(line.cells, "pay_date") if line.cells.get("pay_date") else None,
        amount_per_share=_read_amount(line.cells),
        currency=(line.cells.get("currency") or currency) if kind.is_dividend else "",
        ratio_from=_read_whole(line.cells, "ratio_from"),
        ratio_to=_read_whole(line.cells, "ratio_to"),
        # Whoever sells history divides it by the splits that were.
        is_in_history=not kind.is_dividend
        and _read_flag(line.cells, "is_in_history", default=ex_date <= today),
    )
    if problems := find_problems(facts, today=today):
        raise UnreadableLine(problems[0].code, " ".join(one.message for one in problems))
    return facts


def _read_kind(cells: Mapping[str, str]) -> ActionKind:
    """What the column says; without it, whatever has a ratio is a split."""
    word = cells.get("kind", "").lower()
    if word and word not in ActionKind.values:
        known = ", ".join(ActionKind.values)
        raise UnreadableLine("unknown_kind", f"kind was {word[:40]!r}, must be one of {known}.")
    if word:
        return ActionKind(word)
    has_ratio = any(cells.get(name) for name in SPLIT_COLUMNS)
    return ActionKind.SPLIT if has_ratio else ActionKind.DIVIDEND


def _read_date(cells: Mapping[str, str], name: str) -> date:
    word = cells.get(name, "")
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise UnreadableLine(
            "bad_date", f"{name} was {word[:40]!r}, must be like 2026-01-09."
        ) from None


def _read_amount(cells: Mapping[str, str]) -> Decimal | None:
    if not (word := cells.get("amount_per_share", "")):
        return None
    try:
        return Decimal(word)
    except InvalidOperation:
        raise UnreadableLine(
            "bad_amount", f"amount_per_share was {word[:40]!r}, must be a number."
        ) from None


def _read_whole(cells: Mapping[str, str], name: str) -> int | None:
    if not (word := cells.get(name, "")):
        return None
    if not (word.isascii() and word.isdecimal() and len(word) <= 9):
        raise UnreadableLine("bad_ratio", f"{name} was {word[:40]!r}, must be a whole number.")
    return int(word)


def _read_flag(cells: Mapping[str, str], name: str, *, default: bool) -> bool:
    word = cells.get(name, "").lower()
    if word and word not in TRUE_WORDS | FALSE_WORDS:
        raise UnreadableLine("bad_flag", f"{name} was {word[:40]!r}, must be true or false.")
    return word in TRUE_WORDS if word else default
