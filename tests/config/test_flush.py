"""The tests' own flush: what transaction tests rely on to leave nothing behind."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import User


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_it_empties_tables_past_triggers_that_refuse() -> None:
    execute("CREATE TABLE stubborn (n int)")
    execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'append-only'; END $$"
    )
    execute(
        "CREATE TRIGGER refuse BEFORE DELETE OR TRUNCATE ON stubborn"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
    execute("INSERT INTO stubborn VALUES (1)")
    User.objects.create_user("alice@example.com", joined_at=timezone.now())
    kinds = ContentType.objects.count()
    try:
        call_command("flush", interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM stubborn")
            assert cursor.fetchone() == (0,)
        assert not User.objects.exists()
        assert ContentType.objects.count() == kinds
    finally:
        execute("DROP TABLE stubborn")
        execute("DROP FUNCTION refuse()")
