"""What the owner says to an import before it is booked: columns, styles, rows, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.errors import Problem, ProblemsError
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.queries import instruments_by_addresses
from portfolio.errors import PortfolioError
from portfolio.imports.judging import Judged, judge
from portfolio.imports.named_lots import LOTS
from portfolio.imports.previews import read_soon, surroundings_of
from portfolio.imports.profiles import PROFILES
from portfolio.imports.states import Step, may
from portfolio.imports.values import DateOrder, Field, ReadRow, RowProblem
from portfolio.models import FileImport, FileImportRow
from portfolio.models.imports import RowDecision, RowStatus

CHOICES_MAXIMUM: Final = 500
TEXT_CHARACTERS: Final = 300
CHANGEABLE: Final = frozenset(
    {
        *("kind", "occurred_at", "symbol", "quantity", "unit_price", "amount", "fees", "taxes"),
        *("currency", "exchange_rate", "external_id", "note", "portfolio"),
        *("ratio_from", "ratio_to", "from_symbol", "cost_share", "lots"),
    }
)
MARKS: Final = (".", ",")


class ImportChangeRefused(PortfolioError, ProblemsError):
    """What was said to an import makes no sense; ``problems`` names each reason."""

    code = "import_change_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSaid:
    """To one row, by its place in the file. ``changes`` are facts of the activity; None: none."""

    position: int
    decision: str | None = None
    changes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Everything said at once; what is None stays as it is."""

    profile: str | None = None
    mapping: Mapping[str, str] | None = None
    date_order: str | None = None
    decimal_mark: str | None = None
    symbols: Mapping[str, str] = field(default_factory=dict)
    portfolios: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[RowSaid] = ()

    @property
    def needs_reading(self) -> bool:
        styles = (self.profile, self.mapping, self.date_order, self.decimal_mark)
        return any(one is not None for one in styles) or bool(self.symbols or self.portfolios)


@transaction.atomic
def change_import(*, found: FileImport, said: Said, changed_at: datetime) -> FileImport:
    """Do what the owner says. Another mapping, style or choice has the whole file read again.

    Raises:
        ImportChangeRefused: some of it makes no sense; nothing was done.
        UnreadableImport: the file cannot be read in that way.
        WrongStep: the import is no longer, or not yet, to be changed.
    """
    found = FileImport.objects.select_for_update().get(id=found.id)
    may(found.status, Step.CHANGE)
    if problems := [*find_problems(found, said)]:
        raise ImportChangeRefused(problems)
    say_to_rows(found, said.rows, at=changed_at)
    if said.needs_reading:
        take_styles(found, said)
        read_soon(found, at=changed_at)
    return found


def find_problems(found: FileImport, said: Said) -> list[Problem]:
    """Everything that is wrong with what was said; nothing of it is taken then."""
    problems = []
    if said.profile and said.profile not in PROFILES:
        message = f"profile was {said.profile[:40]!r}, must be one of {', '.join(PROFILES)}"
        problems.append(Problem("profile", "unknown", message))
    for name, column in (said.mapping or {}).items():
        if name not in set(Field):
            message = f"{name[:40]!r} is no field; there are {', '.join(Field)}"
            problems.append(Problem(f"mapping.{name[:40]}", "unknown", message))
        elif column not in found.columns:
            message = f"The file has no column {column[:40]!r}."
            problems.append(Problem(f"mapping.{name}", "unknown_column", message))
    if said.date_order and said.date_order not in set(DateOrder):
        message = f"date_order must be one of {', '.join(DateOrder)}"
        problems.append(Problem("date_order", "unknown", message))
    if said.decimal_mark and said.decimal_mark not in MARKS:
        problems.append(Problem("decimal_mark", "unknown", "decimal_mark must be . or ,"))
    return [*problems, *find_choice_problems(found, said), *find_row_problems(said)]


def find_choice_problems(found: FileImport, said: Said) -> list[Problem]:
    problems = []
    for name, given in (("symbols", said.symbols), ("portfolios", said.portfolios)):
        if len(found.choices.get(name, {}).keys() | given.keys()) > CHOICES_MAXIMUM:
            message = f"At most {CHOICES_MAXIMUM} {name} can be chosen."
            problems.append(Problem(name, "too_many", message))
        if any(len(text) > TEXT_CHARACTERS for pair in given.items() for text in pair):
            problems.append(Problem(name, "too_long", f"A name among {name} is too long."))
    try:
        instruments_by_addresses(address for address in said.symbols.values() if address)
    except (UnknownSymbol, AmbiguousSymbol) as error:
        problems.append(Problem("symbols", error.code, str(error)))
    return problems


def find_row_problems(said: Said) -> list[Problem]:
    problems = []
    if len(said.rows) > settings.LIMITS.page_size_maximum:
        message = f"At most {settings.LIMITS.page_size_maximum} rows can be changed at once."
        problems.append(Problem("rows", "too_many", message))
    for index, row in enumerate(said.rows):
        if row.decision is not None and row.decision not in RowDecision.values:
            message = f"decision was {row.decision[:20]!r}, must be import, skip or empty"
            problems.append(Problem(f"rows.{index}.decision", "unknown", message))
        for name, value in (row.changes or {}).items():
            if name not in CHANGEABLE:
                message = f"{name[:40]!r} cannot be changed"
                problems.append(Problem(f"rows.{index}.changes", "unknown", message))
            elif len(value) > characters_of(name):
                problems.append(Problem(f"rows.{index}.changes.{name}", "too_long", "is too long"))
    return problems


def characters_of(name: str) -> int:
    """How long a fact may be; the lots of one sale may be many."""
    most: int = settings.LIMITS.import_cell_characters if name == LOTS else TEXT_CHARACTERS
    return most


def take_styles(found: FileImport, said: Said) -> None:
    """Keep what was said of the file as a whole."""
    if said.profile is not None:
        found.asked_profile, found.is_mapping_own = said.profile, False
    if said.mapping is not None:
        found.mapping, found.is_mapping_own = dict(said.mapping), True
    if said.date_order is not None or said.decimal_mark is not None:
        found.date_order = said.date_order or found.date_order
        found.decimal_mark = said.decimal_mark or found.decimal_mark
        found.is_style_own = True
    for name, given in (("symbols", said.symbols), ("portfolios", said.portfolios)):
        chosen = {**found.choices.get(name, {}), **given}
        found.choices[name] = {key: value for key, value in chosen.items() if value}
    found.save()


def say_to_rows(found: FileImport, rows: Sequence[RowSaid], *, at: datetime) -> None:
    """Note decisions, and judge anew what was changed.

    Raises:
        ImportChangeRefused: the file has no such row.
    """
    wanted = {row.position: row for row in rows}
    stored = {row.position: row for row in found.rows.filter(position__in=wanted)}
    if missing := sorted(wanted.keys() - stored.keys()):
        message = f"The file has no row {missing[0]}."
        raise ImportChangeRefused([Problem("rows", "unknown_row", message)])
    changed = []
    for position, row in stored.items():
        said = wanted[position]
        if said.decision is not None:
            row.decision = said.decision
        if said.changes is not None:
            row.changes = {**row.changes, **said.changes}
            changed.append(row)
    FileImportRow.objects.bulk_update(stored.values(), ["decision", "changes"])
    judge_again(found, changed, at=at)


def judge_again(found: FileImport, rows: Sequence[FileImportRow], *, at: datetime) -> None:
    """Find the verdict of some rows of a file; entries that others repeat are taken."""
    if not rows:
        return
    others = found.rows.exclude(id__in=[row.id for row in rows])
    repeated = others.exclude(duplicate_of=None).values_list("duplicate_of", flat=True)
    taken = {entry_id for entry_id in repeated if entry_id is not None}
    judged = [judged_of(row) for row in rows]
    judge(judged, surroundings_of(found, at=at), taken=taken)
    for row, verdict in zip(rows, judged, strict=True):
        row.facts, row.note = verdict.row.facts, verdict.note
        row.symbol, row.isin = verdict.row.symbol, verdict.row.isin
        row.portfolio_name = verdict.row.portfolio
        row.instrument, row.portfolio = verdict.instrument, verdict.portfolio
        row.problems = [asdict(one) for one in verdict.problems]
        row.status, row.duplicate_of = verdict.status, verdict.duplicate_of
    names = (
        *("facts", "note", "symbol", "isin", "portfolio_name", "instrument", "portfolio"),
        *("problems", "status", "duplicate_of"),
    )
    FileImportRow.objects.bulk_update(rows, names)


def judged_of(row: FileImportRow) -> Judged:
    """A stored row as it was read; what came of judging it is judged anew."""
    read = ReadRow(
        line=row.line,
        sheet=row.sheet,
        raw=row.raw,
        facts=dict(row.facts),
        symbol=row.symbol,
        isin=row.isin,
        name=row.name,
        portfolio=row.portfolio_name,
        problems=[read_problem(one) for one in row.problems if is_of_reading(one)],
        skipped=row.note if row.status == RowStatus.SKIPPED else "",
    )
    return Judged(row.position, read, row.decision, row.changes)


# What reading a row found; everything else was found by judging it.
OF_READING: Final = frozenset({"not_a_number", "not_a_time", "unclear", "negative"})


def is_of_reading(problem: Mapping[str, Any]) -> bool:
    return problem["code"] in OF_READING


def read_problem(problem: Mapping[str, Any]) -> RowProblem:
    return RowProblem(problem["field"], problem["code"], problem["message"])
