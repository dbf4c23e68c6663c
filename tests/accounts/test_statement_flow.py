"""Statements of a flow are sent without waiting, and fail together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from accounts.statement_flow import ask, flow, flowing_transaction, frequent_cursor, is_flowing
from portfolio.bookkeeping.bulk import add_rows, execute, fetch_rows, send
from tests.support.desk import wait_until

INSERT = "INSERT INTO flow_test (id) VALUES (%s::int) RETURNING id"
LOCKED = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    execute(
        "CREATE TABLE flow_test (id int PRIMARY KEY, name text, amount numeric, is_new bool)", []
    )
    yield
    execute("DROP TABLE flow_test", [])


def ids() -> list[int]:
    return [row[0] for row in fetch_rows("SELECT id FROM flow_test ORDER BY id", [])]


def add_together(*numbers: int) -> None:
    with flow(), transaction.atomic():
        for number in numbers:
            execute(INSERT, [number])


@transaction.atomic
def stop_after_adding(number: int) -> None:
    execute(INSERT, [number])
    raise KeyError


def test_answers_are_read_in_any_order() -> None:
    with flow(), transaction.atomic():
        first, second = ask(INSERT, [1]), ask(INSERT, [2])
        assert (second.rows(), first.rows()) == ([(2,)], [(1,)])
    assert ids() == [1, 2]


def test_what_fails_unread_takes_everything_back() -> None:
    with pytest.raises(IntegrityError):
        add_together(1, 1, 2)
    assert ids() == []
    assert not is_flowing()


def test_what_fails_is_raised_where_an_answer_is_read() -> None:
    with flow(), transaction.atomic():
        execute(INSERT, [1])
        with pytest.raises(IntegrityError):
            fetch_rows(INSERT, [1])
        transaction.set_rollback(True)
    assert ids() == []


def test_a_failure_of_ours_takes_everything_back() -> None:
    with flow(), pytest.raises(KeyError):
        stop_after_adding(1)
    assert ids() == []


def test_the_connection_is_as_before_afterwards() -> None:
    for number in range(3):
        with pytest.raises(IntegrityError):
            add_together(number, number)
        add_together(number)
    assert ids() == [0, 1, 2]
    assert connection.get_autocommit()


def test_models_know_what_they_changed() -> None:
    user = User.objects.create_user("flow@example.com")
    with flow(), transaction.atomic():
        execute(INSERT, [1])
        user.tier = "premium"
        user.save(update_fields=["tier"])
        assert User.objects.filter(id=user.id).update(tier="standard") == 1
    assert User.objects.get(id=user.id).tier == "standard"
    assert ids() == [1]


def test_without_a_flow_an_answer_may_be_read_later_too() -> None:
    asked = send(INSERT, [1])
    assert ids() == [1]
    assert asked.rows() == [(1,)]


def test_rows_are_added_as_they_are_copied() -> None:
    columns = {"id": "int4", "name": "text", "amount": "numeric", "is_new": "bool"}
    rows = [(1, 'a "b" \\ c', Decimal("1.50"), True), (2, None, None, False)]
    add_rows("flow_test", columns, rows)
    copied = fetch_rows("SELECT * FROM flow_test ORDER BY id", [])
    with flow(), transaction.atomic():
        execute("DELETE FROM flow_test", [])
        add_rows("flow_test", columns, rows)
    assert fetch_rows("SELECT * FROM flow_test ORDER BY id", []) == copied == rows


def test_what_is_asked_is_sent_whole_though_nobody_reads_the_answer() -> None:
    number, text = 20_260_105, "x" * 5_000_000
    with flow(), transaction.atomic():
        ask("SELECT pg_advisory_xact_lock(%s::bigint), length(%s::text)", [number, text])
        wait_until(lambda: is_locked(number), seconds=30, what="the statement to be carried out")


def test_short_statements_go_out_with_the_next_answer_that_is_read() -> None:
    first, second = 20_260_106, 20_260_107
    with flow(), transaction.atomic():
        for number in (first, second):
            ask("SELECT pg_advisory_xact_lock(%s::bigint)", [number])
        assert not is_locked(first)
        assert ask("SELECT %s::int", [1]).rows() == [(1,)]
        assert is_locked(first)
        assert is_locked(second)


def test_a_long_statement_takes_those_before_it_along() -> None:
    number = 20_260_108
    with flow(), transaction.atomic():
        ask("SELECT pg_advisory_xact_lock(%s::bigint)", [number])
        ask("SELECT length(%s::text)", ["x" * 100_000])
        wait_until(lambda: is_locked(number), seconds=30, what="the lock")


def is_locked(number: int) -> bool:
    """As another connection sees it."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(LOCKED, [number])
            ((found,),) = cursor.fetchall()
            return bool(found)
    finally:
        other.close()


def test_a_flow_leaves_nothing_planned_where_a_pooler_may_stand_before_it() -> None:
    with flow(), transaction.atomic():
        execute("SELECT 'planned', %s::int", [1])
    with flow(is_prepared=False), transaction.atomic():
        execute("SELECT 'planned each time', %s::int", [1])
    rows = fetch_rows("SELECT statement FROM pg_prepared_statements", [])
    assert any("'planned'," in text for (text,) in rows)
    assert not any("'planned each time'" in text for (text,) in rows)


def test_what_a_model_refuses_within_a_flow_may_be_caught_there() -> None:
    with flow(), transaction.atomic():
        add_by_cursor(1)
        with pytest.raises(IntegrityError), transaction.atomic():
            add_by_cursor(1)
        add_by_cursor(2)
    assert ids() == [1, 2]


def add_by_cursor(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [number])


@flowing_transaction()
def add_for_good(
    *numbers: int, told: list[int] | None = None, failure: type[Exception] | None
) -> None:
    for number in numbers:
        execute(INSERT, [number])
    if told is not None:
        transaction.on_commit(lambda: told.extend(ids()))
    if failure is not None:
        raise failure


def test_the_commit_travels_with_the_last_statement() -> None:
    told: list[int] = []
    add_for_good(1, 2, told=told, failure=None)
    assert told == ids() == [1, 2]
    assert connection.get_autocommit()


@pytest.mark.parametrize(
    ("numbers", "failure", "expected"),
    [
        pytest.param((1, 1), None, IntegrityError, id="a statement"),
        pytest.param((1,), KeyError, KeyError, id="ours"),
    ],
)
def test_what_fails_in_a_flowing_transaction_leaves_nothing(
    numbers: tuple[int, ...], failure: type[Exception] | None, expected: type[Exception]
) -> None:
    told: list[int] = []
    with pytest.raises(expected):
        add_for_good(*numbers, told=told, failure=failure)
    assert told == ids() == []
    add_for_good(3, failure=None)
    assert ids() == [3]


def test_what_fails_only_at_the_commit_leaves_nothing() -> None:
    execute("ALTER TABLE flow_test ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED", [])
    told: list[int] = []
    with pytest.raises(IntegrityError):
        add_twice_by_name(told)
    assert told == ids() == []


@flowing_transaction()
def add_twice_by_name(told: list[int]) -> None:
    transaction.on_commit(lambda: told.append(1))
    for number in (1, 2):
        execute("INSERT INTO flow_test (id, name) VALUES (%s::int, 'one')", [number])


def test_within_another_transaction_it_is_a_part_of_that() -> None:
    with transaction.atomic():
        add_for_good(1, failure=None)
        with pytest.raises(KeyError):
            add_for_good(2, failure=KeyError)
        assert ids() == [1]
        transaction.set_rollback(True)
    assert ids() == []


@pytest.mark.parametrize(("is_on", "planned"), [(True, 1), (False, 0)])
def test_what_requests_read_often_is_planned_once_unless_a_pooler_forbids(
    settings: Any, is_on: bool, planned: int
) -> None:
    settings.PREPARED_STATEMENTS = is_on
    connection.close()  # what it has planned is forgotten with it
    for number in (1, 2, 3):
        with frequent_cursor() as cursor:
            cursor.execute("SELECT %s::int AS often_read", [number])
            assert cursor.fetchall() == [(number,)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS often_read'"
        )
        assert cursor.fetchone() == (planned,)


def test_a_connection_that_died_is_replaced_where_it_is_read_from_first() -> None:
    with frequent_cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    with closing(connection.copy()) as other, other.cursor() as cursor:
        # Waits until it is gone.
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    ours: Any = connection
    ours.health_check_enabled, ours.health_check_done = True, False  # as a new request has it
    with frequent_cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchall() != [(pid,)]
