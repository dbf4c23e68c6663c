"""Servers of a benchmark's own: a durable PostgreSQL and a Valkey out of the wheels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from config.embedded import EmbeddedServers
from config.servers.postgres import find_programs


@contextmanager
def fresh_database() -> Iterator[None]:
    """Start both servers in a folder of their own, with Django set up on them and migrated.

    fsync is on, as in production. Django reads its settings once, so a process can do this
    once, and before it imports any model.
    """
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must be able to pass
    servers = EmbeddedServers(folder)
    try:
        connection = servers.start()
        os.environ |= {
            "HOLDFAST_DATA": str(folder),
            "DATABASE_URL": connection.database_url,
            "ADMIN_DATABASE_URL": connection.admin_database_url,
            "REDIS_URL": connection.redis_url,
            "SECRET_KEY": servers.folder.secret("django_secret_key"),
            "HTTPS": "no",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "REQUEST_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        django.setup()
        call_command("migrate", verbosity=0)
        yield
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def pgbench_rate(script: str, *, clients: int = 1, seconds: int = 3) -> float:
    """Transactions a second that pgbench makes of an SQL script, one statement a line or more.

    Raises:
        subprocess.CalledProcessError: pgbench failed; its words are in ``stderr``.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        finished = subprocess.run(
            [
                find_programs() / "pgbench",
                *("-n", "-f", file.name, "-T", str(seconds)),
                *("-c", str(clients), "-j", str(min(clients, 2))),
                *("-d", os.environ["DATABASE_URL"]),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"tps = ([0-9.]+)", finished.stdout)
    if found is None:
        raise RuntimeError(f"pgbench gave no rate: {finished.stdout}")
    return float(found.group(1))
