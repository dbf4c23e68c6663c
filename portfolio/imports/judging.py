"""What each row of a file would become here: ready, a duplicate, a problem, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from accounts.errors import Problem
from market.models import Instrument
from portfolio.activities import find_all_problems
from portfolio.bookkeeping.amounts import product, ten_places
from portfolio.bookkeeping.entries import EntryKind
from portfolio.imports.duplicates import Content, Happening, find_repeats
from portfolio.imports.instruments import Hint, directory, source_hint
from portfolio.imports.known_entries import known_entries
from portfolio.imports.named_lots import LOTS, BadLots, find_named_problems, read_objects
from portfolio.imports.values import ReadRow, RowProblem
from portfolio.models import Portfolio
from portfolio.models.imports import RowStatus
from portfolio.recording.activity_names import ActivityNames
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.booking_rates import money_of
from portfolio.recording.schemas import ActivityIn

# Kinds that the books keep without an instrument.
WITHOUT_INSTRUMENT: Final = frozenset(
    {EntryKind.DEPOSIT, EntryKind.WITHDRAWAL, EntryKind.FEE, EntryKind.TAX}
)
# What of a row may be changed besides the facts.
HINTS: Final = ("symbol", "portfolio")
MESSAGE_CHARACTERS: Final = 300
CORRECTED_SINCE: Final = "Booked before, and set right since; that stays."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the words of a file mean for its owner."""

    portfolio: Portfolio  # of rows that name none
    portfolios: Mapping[UUID, Portfolio]  # that rows may land in
    symbols: Mapping[str, str]  # what a file calls an instrument → its address, as chosen
    accounts: Mapping[str, str]  # what a file calls an account → id of a portfolio, as chosen
    now: datetime

    def find_portfolio(self, name: str) -> Portfolio | RowProblem:
        """By its choice, its name, or its id."""
        if not name or name in (self.portfolio.name, str(self.portfolio.id)):
            return self.portfolio
        wanted = self.accounts.get(name, name)
        named = [
            one
            for one in self.portfolios.values()
            if wanted in (one.name, str(one.id)) or one.name.casefold() == wanted.casefold()
        ]
        if len(named) == 1:
            return named[0]
        message = f"No portfolio of yours is named {name!r}; choose one for these rows."
        if named:
            message = f"Several portfolios of yours are named {name!r}; choose one."
        return RowProblem("portfolio", "unknown_portfolio", message)


@dataclass(slots=True)
class Judged:
    """A row with its verdict."""

    position: int
    row: ReadRow
    decision: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    instrument: Instrument | None = None
    source: Instrument | None = None  # of a spin-off: what it came out of
    portfolio: Portfolio | None = None
    problems: list[RowProblem] = field(default_factory=list)
    status: RowStatus = RowStatus.READY
    duplicate_of: UUID | None = None
    remark: str = ""  # about a duplicate
    draft: ActivityDraft | None = None

    @property
    def note(self) -> str:
        return self.row.skipped or self.remark


def judge(
    rows: Sequence[Judged], surroundings: Surroundings, *, taken: Collection[UUID] = ()
) -> None:
    """Find the verdict of each row, all at once: a fixed number of queries for each portfolio.

    Args:
        taken: entries that other rows of the same file repeat already.
    """
    for judged in rows:
        apply_changes(judged)
    live = [judged for judged in rows if judged.status != RowStatus.SKIPPED]
    place(live, surroundings)
    for judged in live:
        draft(judged, surroundings)
    mark_duplicates(live, taken)
    find_missing_rates(live)


def apply_changes(judged: Judged) -> None:
    """Put what the owner changed over what the file says; a change to nothing takes it away."""
    row, changes = judged.row, judged.changes
    judged.problems = [one for one in row.problems if one.field not in changes]
    judged.status = RowStatus.SKIPPED if row.skipped and not changes else RowStatus.READY
    for name, value in changes.items():
        if name in HINTS:
            setattr(row, name, value or "")
            if name == "symbol":
                row.isin = ""
        elif value:
            row.facts[name] = str(value)
        else:
            row.facts.pop(name, None)


def hint_of(row: ReadRow) -> Hint:
    return Hint(row.symbol, row.isin, row.name, row.facts.get("currency", ""))


def place(rows: Sequence[Judged], surroundings: Surroundings) -> None:
    """Find portfolio and instruments of each row."""
    named = [judged for judged in rows if needs_instrument(judged.row)]
    spun_off = [(one, hint) for one in rows if (hint := source_hint(one.row.facts))]
    hints = {hint_of(judged.row) for judged in named} | {hint for _, hint in spun_off}
    known = directory(hints, surroundings.symbols)
    found = {hint: known.find(hint) for hint in hints}
    for judged in named:
        instrument = found[hint_of(judged.row)]
        if isinstance(instrument, RowProblem):
            judged.problems.append(instrument)
        else:
            judged.instrument = instrument
    for judged, hint in spun_off:
        source = found[hint]
        if isinstance(source, RowProblem):
            judged.problems.append(RowProblem("from_symbol", "unknown", source.message))
        else:
            judged.source = source
    for judged in rows:
        portfolio = surroundings.find_portfolio(judged.row.portfolio)
        if isinstance(portfolio, RowProblem):
            judged.problems.append(portfolio)
        else:
            judged.portfolio = portfolio


def needs_instrument(row: ReadRow) -> bool:
    has_hint = bool(row.symbol or row.isin)
    return has_hint and row.facts.get("kind") not in WITHOUT_INSTRUMENT


def draft(judged: Judged, surroundings: Surroundings) -> None:
    """Turn the row into an activity of the contract, and hear everything against it."""
    if "occurred_at" not in judged.row.facts and not judged.problems:
        judged.problems.append(RowProblem("occurred_at", "required", "The row has no date."))
    if judged.portfolio is None or judged.problems:
        judged.status = RowStatus.PROBLEM
        return
    now = surroundings.now
    try:
        found = activity_of(
            judged.row.facts, judged.portfolio, judged.instrument, judged.source, now=now
        )
    except ValidationError as error:
        judged.problems += [
            RowProblem(str(one["loc"][0]), one["type"], said(one)) for one in error.errors()
        ]
    else:
        problems = find_all_problems([found], portfolio=judged.portfolio, now=now)
        judged.problems += [RowProblem(one.field, one.code, one.message) for _, one in problems]
        method = judged.portfolio.lot_method
        judged.problems += find_named_problems(judged.row.facts, found, method)
        judged.draft = found
    judged.status = RowStatus.PROBLEM if judged.problems else RowStatus.READY


def activity_of(
    facts: Mapping[str, str],
    portfolio: Portfolio,
    instrument: Instrument | None,
    source: Instrument | None = None,
    *,
    now: datetime,
) -> ActivityDraft:
    """The activity that the facts are, in the contract's own words.

    Lots that a sale names are left out: which they are is known once what opens them is booked.

    Raises:
        ValidationError: they are none.
    """
    told: dict[str, Any] = dict(facts)
    told.pop("from_symbol", "")  # named by ``source``
    lots = told.pop(LOTS, "")
    if lots and told.get("kind") != EntryKind.SELL:
        told[LOTS] = lots_brought(lots)
    if told.get("currency") == portfolio.currency:
        # A rate between a currency and itself says nothing.
        told.pop("exchange_rate", None)
    named = ActivityNames(instrument=instrument, source_instrument=source)
    return ActivityIn.model_validate(told).to_draft(named, now=now)


def lots_brought(text: str) -> object:
    """What a transfer says of its lots, to be judged with the other facts."""
    try:
        return read_objects(text)
    except BadLots:
        return text


def said(error: Any) -> str:
    name = error["loc"][0]
    if error["type"] == "extra_forbidden":
        return f"{name} is not kept here."
    return f"{name} {error['msg']}"[:MESSAGE_CHARACTERS]


def mark_duplicates(rows: Sequence[Judged], taken: Collection[UUID]) -> None:
    ready = [
        (judged.position, judged.draft, judged.portfolio)
        for judged in rows
        if judged.status == RowStatus.READY and judged.draft and judged.portfolio
    ]
    known = known_entries([(portfolio.id, found) for _, found, portfolio in ready])
    entries = [one for one in known if one.id not in taken]
    if not entries:
        return
    repeats = find_repeats([happening(*one) for one in ready], entries)
    corrected = {one.id for one in entries if one.is_corrected}
    for judged in rows:
        if entry_id := repeats.get(judged.position):
            judged.status = RowStatus.DUPLICATE
            judged.duplicate_of = entry_id
            judged.remark = CORRECTED_SINCE if entry_id in corrected else ""


def find_missing_rates(rows: Sequence[Judged]) -> None:
    """Hear which money could not be booked for want of an exchange rate.

    Nobody asks for the rate of what is in the books already.
    """
    ready: dict[UUID, list[tuple[Judged, ActivityDraft]]] = defaultdict(list)
    portfolios: dict[UUID, Portfolio] = {}
    for judged in rows:
        if judged.status == RowStatus.READY and judged.draft and judged.portfolio:
            portfolios[judged.portfolio.id] = judged.portfolio
            ready[judged.portfolio.id].append((judged, judged.draft))
    for portfolio_id, found in ready.items():
        monies = money_of([one for _, one in found], portfolio=portfolios[portfolio_id])
        for (judged, _), money in zip(found, monies, strict=True):
            if isinstance(money, Problem):
                judged.problems.append(RowProblem(money.field, money.code, money.message))
                judged.status = RowStatus.PROBLEM


def happening(position: int, found: ActivityDraft, portfolio: Portfolio) -> Happening:
    """An activity as it is compared with entries."""
    amount = found.amount
    if amount is None and found.quantity is not None and found.unit_price is not None:
        amount = product(found.quantity, found.unit_price)
    return Happening(
        position,
        found.external_id,
        found.occurred_at,
        Content(
            portfolio.id,
            found.kind,
            found.instrument.id if found.instrument else None,
            None if found.quantity is None else ten_places(found.quantity),
            None if amount is None else ten_places(amount),
            ten_places(found.fees),
            ten_places(found.taxes),
            found.currency or portfolio.currency,
        ),
    )
