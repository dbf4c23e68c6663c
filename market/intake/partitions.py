"""Partitions of ticks, one per UTC day, made before their day comes.

A tick whose day has no partition falls into the default one and is moved out when the day's
partition is made, so the order of events does not matter.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction

PARTITIONS_LOCK = 7_310_002  # advisory


@transaction.atomic
def ensure_tick_partitions(*, first_date: date, days: int) -> int:
    """Make the partitions of ``days`` UTC dates from ``first_date`` on; return how many were new.

    Raises:
        ValueError: ``days`` is negative.
    """
    if days < 0:
        raise ValueError(f"days was {days}, must be >= 0")
    wanted = [first_date + timedelta(days=offset) for offset in range(days)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITIONS_LOCK])
        cursor.execute(
            """
            SELECT relation.relname FROM pg_inherits
            JOIN pg_class AS relation ON relation.oid = pg_inherits.inhrelid
            WHERE pg_inherits.inhparent = 'market_tick'::regclass
            """
        )
        present = {row[0] for row in cursor.fetchall()}
    missing = [day for day in wanted if partition_name(day) not in present]
    for day in missing:
        _make_partition(day)
    return len(missing)


def partition_name(day: date) -> str:
    return f"market_tick_{day:%Y%m%d}"


def _make_partition(day: date) -> None:
    """Make one, taking over what waits in the default partition."""
    name = partition_name(day)
    bounds = {"start": f"{day} 00:00+00", "end": f"{day + timedelta(days=1)} 00:00+00"}
    with connection.cursor() as cursor:
        cursor.execute(
            "LOCK TABLE market_tick_default IN SHARE ROW EXCLUSIVE MODE"
        )  # no tick may slip in between moving and attaching
        cursor.execute(
            f"CREATE TABLE {name} (LIKE market_tick INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        cursor.execute(
            f"""
            WITH moved AS (
                DELETE FROM market_tick_default
                WHERE occurred_at >= %(start)s::timestamptz AND occurred_at < %(end)s::timestamptz
                RETURNING *
            )
            INSERT INTO {name} SELECT * FROM moved
            """,
            bounds,
        )
        cursor.execute(
            f"ALTER TABLE market_tick ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{bounds['start']}') TO ('{bounds['end']}')"
        )
