"""What a broker told, into the books: each thing once, by the operations of the portfolio.

A thing is compared with the books as the row of a file is. What cannot be booked waits with its
reason, and is tried again at each sync: an instrument may be listed or chosen meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

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


def keep(connection: Connection, activities: Iterable[BrokerActivity]) -> int:
    """Keep what was not read before; return how many."""
    rows = {
        one.id: BrokerRow(
            connection=connection,
            external_id=one.id[:110],
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
    size: int = settings.LIMITS.sync_batch_rows
    left = connection.rows.filter(status__in=LEFT).order_by("occurred_at", "id")
    ids = list(left.values_list("id", flat=True))
    for start in range(0, len(ids), size):
        with transaction.atomic():
            rows = list(
                connection.rows.select_for_update()
                .filter(id__in=ids[start : start + size], status__in=LEFT)
                .order_by("occurred_at", "id")
            )
            book_batch(connection, rows, at=at)
        outcomes.update(str(row.status) for row in rows)
    return outcomes


def book_batch(connection: Connection, rows: Sequence[BrokerRow], *, at: datetime) -> None:
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
    for row, verdict in zip(rows, judged, strict=True):
        row.problems = [asdict(one) for one in verdict.problems]
        if verdict.status == RowStatus.DUPLICATE:
            row.status, row.entry_id = BrokerRowStatus.KNOWN, verdict.duplicate_of
        elif verdict.status != RowStatus.READY:
            row.status = BrokerRowStatus.PROBLEM
    ready = [
        (row, verdict)
        for row, verdict in zip(rows, judged, strict=True)
        if verdict.status == RowStatus.READY
    ]
    # Among things of one moment those that bring something come first.
    ready.sort(
        key=lambda one: (one[0].occurred_at, one[0].facts["kind"] not in BRINGING, one[0].id)
    )
    record(connection, ready, at=at)
    BrokerRow.objects.bulk_update(rows, ["status", "problems", "entry_id"])


def record(
    connection: Connection, ready: Sequence[tuple[BrokerRow, Judged]], *, at: datetime
) -> None:
    """All at once; where the books refuse that, one by one, and what they refuse waits."""
    try:
        entries = _record(connection, [verdict for _, verdict in ready], at=at)
    except PortfolioError as error:
        if len(ready) == 1:
            row = ready[0][0]
            row.status = BrokerRowStatus.PROBLEM
            row.problems = [asdict(RowProblem("", error.code, str(error)[:300]))]
            return
        for one in ready:
            record(connection, [one], at=at)
        return
    for (row, _), entry_id in zip(ready, entries, strict=True):
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
