"""Rows that somebody else's transaction has, for tests of who waits for whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Model


@contextmanager
def row_held(row: Model) -> Iterator[None]:
    """Another connection has locked the row; it must be committed."""
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
                held.set()
                assert enough.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        assert held.wait(10)
        try:
            yield
        finally:
            enough.set()
        holder.result(10)
