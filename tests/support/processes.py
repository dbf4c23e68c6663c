"""Processes of the desk on the database of a test, which live and die there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection


class StartProcess(Protocol):
    """Starts Python with these words; what it reads of its environment may be added to."""

    def __call__(self, *words: str, **environment: str) -> subprocess.Popen[bytes]: ...


@contextmanager
def processes_of_a_test() -> Iterator[StartProcess]:
    """Yield what starts them; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *words]
        environment = os.environ | environment_of_a_test() | environment
        started.append(subprocess.Popen(command, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def environment_of_a_test() -> dict[str, str]:
    """What leads a process to the same rows and keys as the test."""
    address = urlsplit(settings.DATABASE_URL)
    return {
        "DATABASE_URL": urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}")),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost",
    }
