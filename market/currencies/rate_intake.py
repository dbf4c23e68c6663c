"""Rates into the database: what is new, what is the same, what corrects something.

A rate that its source corrects is kept as a ``EuroRateRevision`` and replaced by a new version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection, transaction

from market.currencies.rate_providers import RateProvider, RatesUnavailable
from market.currencies.rate_sheets import PublishedRate, RateSheet, RefusedRate
from market.errors import UnreadableFile
from market.intake.copying import copy_rows, make_temporary_table
from market.models import EuroRate, IngestionRun, QuarantinedRow
from market.models.prices import QuarantinedKind, RunStatus
from market.signals import exchange_rates_changed

Written = tuple[str, date, int]  # a currency, its first date, how many of its rates

RATES_LOCK: Final = 7_310_002  # advisory; held by whoever writes rates

ARRIVAL_COLUMNS: Final = {"currency": "varchar(3)", "on_date": "date", "per_euro": "numeric(20,8)"}

# A source corrects itself; only an authoritative one corrects others.
IS_CORRECTED: Final = """
    stored.currency = arrived.currency AND stored.on_date = arrived.on_date
    AND stored.per_euro <> arrived.per_euro
    AND (stored.source = %(source)s OR %(is_authoritative)s)
"""
KEEP_OLD: Final = f"""
    INSERT INTO market_eurorate_revision
        (currency, on_date, version, per_euro, source, recorded_at, superseded_at)
    SELECT stored.currency, stored.on_date, stored.version, stored.per_euro, stored.source,
           stored.recorded_at, %(recorded_at)s
    FROM market_eurorate AS stored, euro_rate_arrival AS arrived
    WHERE {IS_CORRECTED}
"""
# What each of the two wrote, by currency: the first date, and how many.
WRITTEN: Final = """
    WITH written AS ({} RETURNING stored.currency, stored.on_date)
    SELECT currency, min(on_date), count(*) FROM written GROUP BY currency
"""
CORRECT: Final = WRITTEN.format(f"""
    UPDATE market_eurorate AS stored
    SET per_euro = arrived.per_euro, version = stored.version + 1, source = %(source)s,
        recorded_at = %(recorded_at)s
    FROM euro_rate_arrival AS arrived
    WHERE {IS_CORRECTED}
""")
ADD: Final = WRITTEN.format("""
    INSERT INTO market_eurorate AS stored
        (currency, on_date, version, per_euro, source, recorded_at)
    SELECT currency, on_date, 1, per_euro, %(source)s, %(recorded_at)s
    FROM euro_rate_arrival ORDER BY currency, on_date
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class StoredRates:
    """What became of the rates given."""

    added: int
    corrected: int
    unchanged: int  # already there, or there from a source that knows better


def load_rates(provider: RateProvider, *, clock: Callable[[], datetime]) -> IngestionRun:
    """Ask a source for its rates and store them, under a run that says what came of it.

    A source that cannot be asked leaves a failed run; what is stored stays.
    """
    run = IngestionRun.objects.create(
        provider=provider.source,
        source_name="exchange rates",
        status=RunStatus.RUNNING,
        created_at=(started_at := clock()),
        started_at=started_at,
        heartbeat_at=started_at,
    )
    try:
        sheet = provider.fetch()
    except (RatesUnavailable, UnreadableFile) as error:
        run.status, run.error, run.finished_at = RunStatus.FAILED, str(error), clock()
        run.save()
        return run
    with transaction.atomic():
        stored = store_rates(
            sheet.rates,
            source=provider.source,
            is_authoritative=provider.is_authoritative,
            recorded_at=clock(),
        )
        _finish(run, sheet, stored, at=clock())
    return run


@transaction.atomic
def store_rates(
    rates: Sequence[PublishedRate], *, source: str, is_authoritative: bool, recorded_at: datetime
) -> StoredRates:
    """Add rates of one source; the same again adds nothing.

    Each currency and date may stand there once.
    """
    parameters: dict[str, str | bool | datetime] = {
        "source": source,
        "is_authoritative": is_authoritative,
        "recorded_at": recorded_at,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RATES_LOCK])
        make_temporary_table(cursor, "euro_rate_arrival", ARRIVAL_COLUMNS)
        copy_rows(cursor, "euro_rate_arrival", ARRIVAL_COLUMNS, rates)
        cursor.execute("ANALYZE euro_rate_arrival")
        cursor.execute(KEEP_OLD, parameters)
        cursor.execute(CORRECT, parameters)
        corrected: list[Written] = cursor.fetchall()
        cursor.execute(ADD, parameters)
        added: list[Written] = cursor.fetchall()
    if added or corrected:
        exchange_rates_changed.send(sender=EuroRate, first_dates=first_dates(added + corrected))
    return StoredRates(
        added=count_of(added),
        corrected=count_of(corrected),
        unchanged=len(rates) - count_of(added) - count_of(corrected),
    )


def first_dates(written: Iterable[Written]) -> dict[str, date]:
    """By currency."""
    dates: dict[str, date] = {}
    for currency, first_date, _ in written:
        dates[currency] = min(first_date, dates.get(currency, first_date))
    return dates


def count_of(written: Iterable[Written]) -> int:
    return sum(count for _, _, count in written)


def _finish(run: IngestionRun, sheet: RateSheet, stored: StoredRates, *, at: datetime) -> None:
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            run=run,
            line=it.line,
            kind=QuarantinedKind.RATE,
            code=it.code,
            message=it.message[:300],
            raw=dict(it.cells),
        )
        for it in _unseen(sheet.refused, source=run.provider)
    )
    run.status = RunStatus.COMPLETED
    run.rows_read = run.rows_total = len(sheet.rates) + len(sheet.refused)
    run.rows_written = stored.added + stored.corrected
    run.rows_unchanged = stored.unchanged
    run.rows_refused = len(sheet.refused)
    run.notes = {"rates_corrected": stored.corrected}
    run.finished_at = run.heartbeat_at = at
    run.save()


def _unseen(refused: Sequence[RefusedRate], *, source: str) -> list[RefusedRate]:
    """Without what waits or was judged already: the whole table comes again every few hours."""
    if not refused:
        return []
    rows = QuarantinedRow.objects.filter(run__provider=source, kind=QuarantinedKind.RATE)
    known = list(rows.filter(code__in={it.code for it in refused}).values_list("code", "raw"))
    return [it for it in refused if (it.code, dict(it.cells)) not in known]
