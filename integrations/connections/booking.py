"""What a broker told, into the books: each thing once, by the operations of the portfolio.

A thing is compared with the books as the row of a file is. What cannot be booked waits with its
reason, and is tried again at each sync: an instrument may be listed or chosen meanwhile. Legs of
one event come into the books together, or wait together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from integrations.connections import legs
from integrations.models import BrokerRow, Connection
from integrations.models.connections import BrokerRowStatus
from market.values import wire_time
from portfolio.activities import record_activities
from portfolio.errors import PortfolioError
from portfolio.imports.judging import Judged, Surroundings, judge
from portfolio.imports.taking import BRINGING
from portfolio.imports.values import ReadRow, RowProblem
from portfolio.models.imports import RowStatus
from trading.brokers import BrokerActivity

NOTE_CHARACTERS: Final = 300
LEFT: Final = (BrokerRowStatus.NEW, BrokerRowStatus.PROBLEM)
RAW_CHARACTERS: Final = 20_000
REASON_CHARACTERS: Final = 300
OTHER_WAITS: Final = "other_leg_waits"


def keep(connection: Connection, activities: Iterable[BrokerActivity]) -> int:
    """Keep what was not read before; return how many."""
    rows = {
        one.id: BrokerRow(
            connection=connection,
            external_id=one.id[:110],
            event_id=one.event_id[:110],
            occurred_at=one.occurred_at,
            facts=facts_of(one, connection),
            symbol=one.symbol[:80],
            isin=one.isin[:20],
            instrument_name=one.name[:160],
            raw=one.raw.replace("\x00", "")[:RAW_CHARACTERS],
        )
        for one in activities
    }
    known = set(connection.rows.filter(external_id__in=rows).values_list("external_id", flat=True))
    new = [row for external_id, row in rows.items() if external_id not in known]
    BrokerRow.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def facts_of(one: BrokerActivity, connection: Connection) -> dict[str, str]:
    """In the words of the contract's activity, numbers as plain decimals."""
    numbers: dict[str, Decimal | None] = {
        "quantity": one.quantity,
        "unit_price": one.unit_price,
        "amount": one.amount,
        "fees": one.fees or None,
        "taxes": one.taxes or None,
        "exchange_rate": one.exchange_rate,
    }
    words = {
        "kind": one.kind,
        "occurred_at": wire_time(one.occurred_at),
        "currency": one.currency,
        "note": one.note[:NOTE_CHARACTERS],
        "external_id": f"{connection.broker}:{one.id}"[:120],
    }
    told = {name: format(number, "f") for name, number in numbers.items() if number is not None}
    return told | {name: word for name, word in words.items() if word}


def book(connection: Connection, *, at: datetime) -> Counter[str]:
    """Judge and book everything that is left, oldest first, a batch to a transaction.

    Returns:
        How many rows have each status now.
    """
    outcomes: Counter[str] = Counter()
    left = connection.rows.filter(status__in=LEFT).order_by("occurred_at", "id")
    found = left.values_list("id", "event_id", named=True)
    for batch in legs.batches(found, size=settings.LIMITS.sync_batch_rows):
        with transaction.atomic():
            rows = list(
                connection.rows.select_for_update()
                .filter(id__in=[row.id for row in batch], status__in=LEFT)
                .order_by("occurred_at", "id")
            )
            book_batch(connection, rows, at=at)
        outcomes.update(str(row.status) for row in rows)
    return outcomes


def book_batch(connection: Connection, rows: Sequence[BrokerRow], *, at: datetime) -> None:
    verdicts = judge_rows(connection, rows, at=at)
    for row in rows:
        verdict = verdicts[row.id]
        row.problems = [asdict(one) for one in verdict.problems]
        if verdict.status == RowStatus.DUPLICATE:
            row.status, row.entry_id = BrokerRowStatus.KNOWN, verdict.duplicate_of
        elif verdict.status != RowStatus.READY:
            row.status = BrokerRowStatus.PROBLEM
    ready = [
        row
        for event in legs.together(rows)
        if not hold_back(event)
        for row in event
        if verdicts[row.id].status == RowStatus.READY
    ]
    # Among things of one moment those that bring something come first.
    ready.sort(key=lambda row: (row.occurred_at, row.facts["kind"] not in BRINGING, row.id))
    record(connection, ready, verdicts, at=at)
    BrokerRow.objects.bulk_update(rows, ["status", "problems", "entry_id"])


def judge_rows(
    connection: Connection, rows: Sequence[BrokerRow], *, at: datetime
) -> dict[int, Judged]:
    """The verdict of each, by the row's id."""
    judged = [Judged(position, read_row(row)) for position, row in enumerate(rows)]
    portfolio = connection.portfolio
    surroundings = Surroundings(
        portfolio=portfolio,
        portfolios={portfolio.id: portfolio},
        symbols=connection.symbols,
        accounts={},
        now=at,
    )
    used = connection.rows.values_list("entry_id", flat=True)
    taken = {entry_id for entry_id in used if entry_id is not None}
    judge(judged, surroundings, taken=taken)
    return {row.id: verdict for row, verdict in zip(rows, judged, strict=True)}


def hold_back(event: Sequence[BrokerRow]) -> bool:
    """Whether a leg of the event has a problem; those that could be booked then wait for it."""
    stuck = next((row for row in event if row.problems), None)
    if stuck is None:
        return False
    message = f"It is booked together with what waits: {stuck.problems[0]['message']}"
    problem = RowProblem("", OTHER_WAITS, message[:REASON_CHARACTERS])
    for row in event:
        if row.status in LEFT and not row.problems:
            row.status, row.problems = BrokerRowStatus.PROBLEM, [asdict(problem)]
    return True


def record(
    connection: Connection,
    ready: Sequence[BrokerRow],
    verdicts: Mapping[int, Judged],
    *,
    at: datetime,
) -> None:
    """All at once; where the books refuse that, event by event, and what they refuse waits."""
    try:
        entries = _record(connection, [verdicts[row.id] for row in ready], at=at)
    except PortfolioError as error:
        events = legs.together(ready)
        if len(events) > 1:
            for event in events:
                record(connection, event, verdicts, at=at)
            return
        problem = RowProblem("", error.code, str(error)[:REASON_CHARACTERS])
        for row in ready:
            row.status, row.problems = BrokerRowStatus.PROBLEM, [asdict(problem)]
        return
    for row, entry_id in zip(ready, entries, strict=True):
        row.status, row.entry_id = BrokerRowStatus.BOOKED, entry_id


def _record(connection: Connection, verdicts: Sequence[Judged], *, at: datetime) -> list[UUID]:
    activities = [verdict.draft for verdict in verdicts if verdict.draft is not None]
    if not activities:
        return []
    with transaction.atomic():
        entries = record_activities(
            portfolio=connection.portfolio, activities=activities, recorded_at=at
        )
    return [entry.id for entry in entries]


def read_row(row: BrokerRow) -> ReadRow:
    return ReadRow(
        line=0,
        sheet="",
        raw=row.raw,
        facts=dict(row.facts),
        symbol=row.symbol,
        isin=row.isin,
        name=row.instrument_name,
    )
