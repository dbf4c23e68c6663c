"""Endpoints that take too long in every way there is, inside the frame of the real ones."""

from typing import Final

from django.db import connection, transaction
from django.http import HttpRequest
from django.urls import path
from ninja import Router
from ninja.responses import Status

from accounts import deadlines
from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.models import User
from config.api import build_api

router: Final = Router(tags=["Slow"])


def rename(request: ApiRequest) -> None:
    User.objects.filter(id=request.auth.user.id).update(display_name="renamed")


def pass_the_deadline() -> None:
    deadline = deadlines.current()
    assert deadline is not None
    deadline.expires_at = deadline.clock()


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


@router.post("/slow-statement", response={204: None}, auth=KeyAuth("trade"))
@idempotent(required=False)
def slow_statement(request: ApiRequest) -> Status[None]:
    """Change something, then wait in the database."""
    rename(request)
    sleep(30)
    return Status(204, None)


@router.patch("/slow-statement", response={204: None}, auth=KeyAuth("trade"))
def slow_change(request: ApiRequest) -> Status[None]:
    """Change something in a transaction of its own, then wait in the database."""
    with transaction.atomic():
        rename(request)
    sleep(30)
    return Status(204, None)


@router.post("/late-commit", response={204: None}, auth=KeyAuth("trade"))
@idempotent(required=False)
def late_commit(request: ApiRequest) -> Status[None]:
    """Change something, then dawdle outside of the database."""
    rename(request)
    pass_the_deadline()
    return Status(204, None)


@router.patch("/late-commit", response={204: None}, auth=KeyAuth("trade"))
def late_change(request: ApiRequest) -> Status[None]:
    """The same, without a decorator's transaction."""
    rename(request)
    pass_the_deadline()
    return Status(204, None)


@router.post("/slow-commit", response={204: None}, auth=KeyAuth("trade"))
@idempotent(required=False)
def slow_commit(request: ApiRequest) -> Status[None]:
    """Leave something slow to the commit itself, as a deferred constraint would be."""
    rename(request)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE slow_rows (id integer) ON COMMIT DROP")
        cursor.execute(
            """
            CREATE FUNCTION pg_temp.dawdle() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$
            """
        )
        cursor.execute(
            """
            CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON slow_rows
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.dawdle()
            """
        )
        cursor.execute("INSERT INTO slow_rows VALUES (1)")
    return Status(204, None)


@router.post("/late-answer", response={200: str}, auth=KeyAuth("trade"))
def late_answer(request: ApiRequest) -> str:
    """Commit in time, and be late with the words for it."""
    with transaction.atomic():
        rename(request)
    pass_the_deadline()
    return User.objects.get(id=request.auth.user.id).display_name


@router.get("/timeouts", response=list[str], auth=None)
def timeouts(request: HttpRequest) -> list[str]:
    """What PostgreSQL holds the statements of a request to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        return [str(cursor.fetchone()[0])]


urlpatterns = [path("api/v1/", build_api([router], namespace="slow-api").urls)]
