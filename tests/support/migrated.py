"""The tables of a test run, made by migrations once.

They are copied for the databases of the other workers, and for the data folders of desks.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO, Final

import psycopg
from django.db import connection
from psycopg import sql

from config.servers.postgres import find_programs
from tests.support.servers import FOLDER_VARIABLE

TEMPLATE: Final = "migrated"


class MigratedOnce:
    """Around the making of a worker's database; without workers it does nothing."""

    def __init__(self) -> None:
        self.folder = os.environ.get(FOLDER_VARIABLE, "")
        self.is_one_of_many = bool(self.folder) and "PYTEST_XDIST_WORKER" in os.environ
        self.lock: IO[str] | None = None
        self.is_first = False
        self.name_before = ""

    def before(self) -> None:
        """Wait while another worker migrates; then have the database copied from its tables."""
        if not self.is_one_of_many:
            return
        self.lock = (Path(self.folder) / "migrated.lock").open("a")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.is_first = not self._exists()
        self.name_before = str(connection.settings_dict["NAME"])
        if not self.is_first:
            connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE

    def after(self) -> None:
        """Keep a copy of the tables, if these were the first, and let the next worker go on."""
        name = str(connection.settings_dict["NAME"])
        # Where no test of the run asks for a database, none was made.
        if self.is_first and name != self.name_before:
            connection.close()  # PostgreSQL copies only what nobody uses
            names = (TEMPLATE, name, connection.settings_dict["USER"])
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
            with self._connect() as admin:
                admin.execute(words.format(*map(sql.Identifier, names)))
        if self.lock is not None:
            self.lock.close()

    def has_tables(self) -> bool:
        """Whether there are tables to be copied by now."""
        return self.is_one_of_many and self._exists()

    def copy_to(self, database_url: str) -> None:
        """Fill an empty database of another server, as its superuser."""
        programs = find_programs()
        source = psycopg.conninfo.make_conninfo(os.environ["ADMIN_DATABASE_URL"], dbname=TEMPLATE)
        dump = subprocess.run(
            [str(programs / "pg_dump"), source], capture_output=True, check=True
        ).stdout
        restore = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        subprocess.run(
            [str(programs / "psql"), *restore, database_url],
            input=dump,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _exists(self) -> bool:
        with self._connect() as admin:
            found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            return found.fetchone() is not None

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True)
