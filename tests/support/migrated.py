"""The tables of the test databases, made by migrations once and copied for the other workers."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO, Final

import psycopg
from django.db import connection
from psycopg import sql

from tests.support.servers import FOLDER_VARIABLE

TEMPLATE: Final = "migrated"


class MigratedOnce:
    """Around the making of a worker's database; without workers it does nothing."""

    def __init__(self) -> None:
        self.folder = os.environ.get(FOLDER_VARIABLE, "")
        self.is_one_of_many = bool(self.folder) and "PYTEST_XDIST_WORKER" in os.environ
        self.lock: IO[str] | None = None
        self.is_first = False

    def before(self) -> None:
        """Wait while another worker migrates; then have the database copied from its tables."""
        if not self.is_one_of_many:
            return
        self.lock = (Path(self.folder) / "migrated.lock").open("a")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.is_first = not self._exists()
        if not self.is_first:
            connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE

    def after(self) -> None:
        """Keep a copy of the tables, if these were the first, and let the next worker go on."""
        if self.is_first:
            connection.close()  # PostgreSQL copies only what nobody uses
            names = (TEMPLATE, connection.settings_dict["NAME"], connection.settings_dict["USER"])
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
            with self._connect() as admin:
                admin.execute(words.format(*map(sql.Identifier, names)))
        if self.lock is not None:
            self.lock.close()

    def _exists(self) -> bool:
        with self._connect() as admin:
            found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            return found.fetchone() is not None

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True)
