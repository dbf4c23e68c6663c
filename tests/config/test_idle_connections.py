"""Between requests a connection is asked nothing, and one that PostgreSQL closed is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from tests.support.desk import wait_until

BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
def thread(transactional_db: None) -> Iterator[ThreadPoolExecutor]:
    """A thread with a connection of its own, checked before each use as a request's is."""
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(connections.close_all).result()


def backend() -> int:
    """Which process of PostgreSQL answers this thread's next request."""
    ours: Any = connections["default"]
    ours.close_if_unusable_or_obsolete()
    ours.health_check_enabled = True
    with ours.cursor() as cursor:
        cursor.execute(BACKEND)
        return int(cursor.fetchone()[0])


def statements_of(pid: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        return str(cursor.fetchone()[0])


def test_an_idle_connection_is_used_again_unasked(thread: ThreadPoolExecutor) -> None:
    pid = thread.submit(backend).result()

    def is_usable_without_a_word() -> bool:
        ours: Any = connections["default"]
        with ours.cursor() as cursor:
            cursor.execute("SELECT 'the latest'")
        return bool(ours.is_usable())

    assert thread.submit(is_usable_without_a_word).result()
    assert statements_of(pid) == "SELECT 'the latest'"
    assert thread.submit(backend).result() == pid


def test_a_connection_that_postgresql_closed_is_replaced(thread: ThreadPoolExecutor) -> None:
    pid = thread.submit(backend).result()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    def is_gone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
            (left,) = cursor.fetchone()
            return int(left) == 0

    wait_until(is_gone, seconds=10, what="the backend ended")
    assert thread.submit(backend).result() != pid


def test_a_notice_unasked_for_does_not_end_a_connection(thread: ThreadPoolExecutor) -> None:
    def listen() -> int:
        pid = backend()
        with connections["default"].cursor() as cursor:
            cursor.execute("LISTEN something")
        return pid

    pid = thread.submit(listen).result()
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY something")
    assert thread.submit(backend).result() == pid
