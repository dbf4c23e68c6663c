"""Times come out of the database as Django itself would read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection
from hypothesis import given
from hypothesis import strategies as st

from config.postgres.base import UtcLoader

FIRST = datetime(1, 1, 2)  # noqa: DTZ001  the strategy adds the zone
LAST = datetime(9999, 12, 30)  # noqa: DTZ001


@pytest.mark.django_db
def test_the_connection_reads_by_the_quick_loader() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        assert isinstance(cursor.cursor._tx.get_loader(1184, 0), UtcLoader)


@given(moment=st.datetimes(FIRST, LAST).map(lambda one: one.replace(tzinfo=UTC)))
@pytest.mark.django_db
def test_every_moment_comes_back_in_utc(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz]", [moment, moment])
        alone, listed = cursor.fetchone()
    assert [alone, *listed] == [moment, moment]
    assert alone.tzinfo is UTC
    assert listed[0].tzinfo is UTC


@pytest.mark.django_db
def test_another_zone_of_the_session_changes_no_moment() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Kolkata'")
        cursor.execute("SELECT '2026-11-23 12:00+00'::timestamptz")
        (read,) = cursor.fetchone()
    assert read - datetime(2026, 11, 23, 12, tzinfo=UTC) == timedelta(0)


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["infinity", "-infinity", "0044-03-15 00:00+00 BC"])
def test_what_python_cannot_hold_is_refused(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [value])
        with pytest.raises(DataError):
            cursor.fetchone()
