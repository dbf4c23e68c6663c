"""Damage past every guard, as only a superuser can do it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

Vandal = psycopg.Connection[Any]


@contextmanager
def vandal() -> Iterator[Vandal]:
    """A connection on which neither triggers nor foreign keys stand in the way."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], dbname=name, autocommit=True) as one:
        one.execute("SET session_replication_role = replica")
        yield one
