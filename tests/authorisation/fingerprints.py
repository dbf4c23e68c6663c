"""A person's rows as one text, to see that nobody else changed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model

from accounts.models import User

# Rows written by this transaction so far, those that were rolled back again too. Source:
# https://www.postgresql.org/docs/current/monitoring-stats.html, statistics of the transaction.
WRITTEN = """
SELECT coalesce(sum(
    pg_stat_get_xact_tuples_inserted(c.oid)
    + pg_stat_get_xact_tuples_updated(c.oid)
    + pg_stat_get_xact_tuples_deleted(c.oid)
), 0) FROM pg_class AS c WHERE c.relname = ANY (%s) OR c.oid IN (
    SELECT inhrelid FROM pg_inherits JOIN pg_class AS p ON p.oid = inhparent
    WHERE p.relname = ANY (%s)
)
"""
DEPTH = 4  # foreign keys from a row to the person it belongs to, at most


def fingerprint(user: User) -> str:
    """A digest of every row that leads to the user by foreign keys, his own row too."""
    statement, parameters = statement_of(), len(owned_tables())
    with connection.cursor() as cursor:
        cursor.execute(statement, [user.id] * parameters)
        (digest,) = cursor.fetchone()
    return str(digest)


@dataclass
class Watch:
    """Tells whether somebody's rows changed; looks at them only where rows like them were written.

    That what was written is undone in between is no matter.
    """

    user: User
    before: str = field(init=False)
    written: int = field(init=False)

    def __post_init__(self) -> None:
        self.before, self.written = fingerprint(self.user), rows_written()

    def is_unchanged(self) -> bool:
        """Whether his rows are what they were at the beginning."""
        written = rows_written()
        if written == self.written:
            return True
        self.written = written
        return fingerprint(self.user) == self.before


def rows_written() -> int:
    """How many rows of people's tables this transaction wrote, undone or not."""
    tables = list(owned_tables())
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [tables, tables])
        (count,) = cursor.fetchone()
    return int(count)


@cache
def owned_tables() -> dict[str, str]:
    """Each table with rows of persons → the condition that finds one person's."""
    conditions = {User._meta.db_table: "id = %s"}
    for model in apps.get_models():
        path = path_to_user(model, DEPTH)
        if path:
            conditions[model._meta.db_table] = condition(path)
    return conditions


@cache
def statement_of() -> str:
    rows = " UNION ALL ".join(
        f"SELECT '{table}' || t::text AS line FROM {table} AS t WHERE {found}"
        for table, found in owned_tables().items()
    )
    return f"SELECT md5(coalesce(string_agg(line, chr(10) ORDER BY line), '')) FROM ({rows}) AS r"


def path_to_user(model: type[Model], depth: int) -> list[ForeignKey[Model, Model]]:
    """The fewest foreign keys that lead from the model to a user; empty where none do."""
    keys = [key for key in model._meta.concrete_fields if isinstance(key, ForeignKey)]
    # A row's owner counts before whoever else it mentions.
    keys.sort(key=lambda key: key.name not in {"owner", "user"})
    for key in keys:
        if key.related_model is User:
            return [key]
    paths = [
        [key, *rest]
        for key in (keys if depth > 1 else [])
        if (other := key.related_model) is not model and (rest := path_to_user(other, depth - 1))
    ]
    return min(paths, key=len, default=[])


def condition(path: list[ForeignKey[Model, Model]]) -> str:
    key, *rest = path
    if not rest:
        return f"{key.column} = %s"
    table = key.related_model._meta.db_table
    return (
        f"{key.column} IN (SELECT {key.target_field.column} FROM {table} WHERE {condition(rest)})"
    )
