"""Empty the test database quickly, past the triggers that keep the ledger append-only."""

import os
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from psycopg import sql

# Made by migrations or by Django after them, read by everything, written by no test.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


class Command(BaseCommand):
    """Stands in for Django's flush in tests; the rows of ``settings.FLUSH_KEEPS`` stay."""

    stealth_options = ("reset_sequences", "allow_cascade", "inhibit_post_migrate")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default="default")
        parser.add_argument("--no-input", action="store_false", dest="interactive")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        kept = [*KEPT, *getattr(settings, "FLUSH_KEEPS", ())]
        name = str(connections[database].settings_dict["NAME"])
        with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], dbname=name) as connection:
            # Switches triggers and foreign keys off for this connection; a superuser's right.
            connection.execute("SET session_replication_role = replica")
            for table in filled_tables(connection, kept=kept):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


def filled_tables(connection: psycopg.Connection[Any], *, kept: list[str]) -> list[str]:
    """Name the tables that hold rows, a partitioned one once."""
    tables = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition"
        " AND relname <> ALL(%s) ORDER BY relname",
        [kept],
    ).fetchall()
    if not tables:
        return []
    parts = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(name, sql.Identifier(name))
        for (name,) in tables
    ]
    return [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(parts))]
