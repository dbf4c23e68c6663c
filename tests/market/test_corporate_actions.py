"""Dividends and splits are recorded, corrected, cancelled, and announced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from accounts.errors import ProblemsError
from accounts.models import AuditEvent
from market.corporate_actions.actions import (
    ActionCancelled,
    ActionExists,
    UnknownAction,
    cancel_action,
    correct_action,
    record_action,
)
from market.corporate_actions.facts import ActionChange, ActionFacts
from market.models import CorporateAction, CorporateActionRevision, Instrument
from market.models.corporate_actions import ActionKind
from market.signals import corporate_actions_changed
from tests.market.factories import make_instrument

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAY = date(2026, 2, 9)
DIVIDEND = ActionFacts(
    kind=ActionKind.DIVIDEND, ex_date=DAY, amount_per_share=Decimal("0.26"), currency="USD"
)
SPLIT = ActionFacts(kind=ActionKind.SPLIT, ex_date=DAY, ratio_from=1, ratio_to=4)


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def told() -> Iterator[list[ActionChange]]:
    """What receivers of the signal were told, while in a transaction."""
    told: list[ActionChange] = []

    def receive(changes: tuple[ActionChange, ...], **_: Any) -> None:
        assert connection.in_atomic_block
        told.extend(changes)

    corporate_actions_changed.connect(receive)
    yield told
    corporate_actions_changed.disconnect(receive)


def record(instrument: Instrument, facts: ActionFacts = DIVIDEND) -> CorporateAction:
    return record_action(instrument=instrument, facts=facts, source="staff", recorded_at=NOW)


def test_a_dividend_is_recorded_and_announced(apple: Instrument, told: list[ActionChange]) -> None:
    action = record(apple)
    assert (action.version, action.source, action.cancelled_at) == (1, "staff", None)
    assert told == [ActionChange(action.id, apple.id, 1, None, DIVIDEND, NOW)]
    event = AuditEvent.objects.get(action="corporate_action.recorded")
    assert event.after is not None
    assert (event.after["symbol"], event.after["amount_per_share"]) == ("AAPL", "0.26")


def test_the_same_again_is_the_one_there(apple: Instrument, told: list[ActionChange]) -> None:
    assert record(apple).id == record(apple).id
    assert len(told) == 1


def test_another_of_the_same_day_is_refused_and_of_another_kind_is_not(apple: Instrument) -> None:
    record(apple)
    other = ActionFacts(
        kind=ActionKind.DIVIDEND, ex_date=DAY, amount_per_share=Decimal(9), currency="USD"
    )
    with pytest.raises(ActionExists, match="AAPL has a dividend on 2026-02-09 already"):
        record(apple, other)
    record(apple, SPLIT)
    special = ActionFacts(
        kind=ActionKind.SPECIAL_DIVIDEND,
        ex_date=DAY,
        amount_per_share=Decimal(9),
        currency="USD",
    )
    record(apple, special)
    assert apple.corporate_actions.count() == 3


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"amount_per_share": None}, "amount_per_share", "missing"),
        ({"amount_per_share": Decimal(0)}, "amount_per_share", "out_of_range"),
        ({"amount_per_share": Decimal("NaN")}, "amount_per_share", "out_of_range"),
        ({"amount_per_share": Decimal(10) ** 9}, "amount_per_share", "out_of_range"),
        ({"amount_per_share": Decimal("1e-9")}, "amount_per_share", "too_precise"),
        ({"currency": "usd"}, "currency", "malformed"),
        ({"ratio_to": 2}, "ratio_to", "not_of_its_kind"),
        ({"is_in_history": True}, "is_in_history", "not_of_its_kind"),
        ({"pay_date": date(2026, 2, 8)}, "pay_date", "out_of_range"),
        ({"ex_date": date(1899, 12, 31)}, "ex_date", "out_of_range"),
    ],
)
def test_a_wrong_dividend_is_refused(
    apple: Instrument, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(ProblemsError) as caught:
        record(apple, replace(DIVIDEND, **changes))
    assert [(it.field, it.code) for it in caught.value.problems] == [(field, code)]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"ratio_from": None}, "ratio_from", "missing"),
        ({"ratio_to": 0}, "ratio_to", "out_of_range"),
        ({"ratio_to": 1_000_001}, "ratio_to", "out_of_range"),
        ({"ratio_from": 4}, "ratio_to", "changes_nothing"),
        ({"currency": "USD"}, "currency", "not_of_its_kind"),
        ({"amount_per_share": Decimal(1)}, "amount_per_share", "not_of_its_kind"),
        ({"is_in_history": True}, "is_in_history", "not_yet"),
    ],
)
def test_a_wrong_split_is_refused(
    apple: Instrument, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(ProblemsError) as caught:
        record(apple, replace(SPLIT, **changes))
    assert [(it.field, it.code) for it in caught.value.problems] == [(field, code)]


def test_a_split_is_in_history_from_its_ex_date_on(apple: Instrument) -> None:
    night = datetime(2026, 1, 5, 4, 59, tzinfo=UTC)  # still Sunday in New York
    split = replace(SPLIT, ex_date=date(2026, 1, 5))
    known = {"is_in_history": True}
    action = record_action(instrument=apple, facts=split, source="staff", recorded_at=night)
    with pytest.raises(ProblemsError):
        correct_action(action.id, changes=known, corrected_at=night)
    correct_action(action.id, changes=known, corrected_at=night + timedelta(minutes=1))
    assert CorporateAction.objects.get().is_in_history


def test_the_largest_ratio_is_taken(apple: Instrument) -> None:
    facts = ActionFacts(kind=ActionKind.SPLIT, ex_date=DAY, ratio_from=1, ratio_to=1_000_000)
    assert record(apple, facts).ratio_to == 1_000_000


def test_a_correction_is_a_new_version(apple: Instrument, told: list[ActionChange]) -> None:
    action = record(apple)
    changed = correct_action(
        action.id, changes={"amount_per_share": Decimal("0.27")}, corrected_at=NOW
    )
    assert (changed.version, changed.amount_per_share) == (2, Decimal("0.27"))
    revision = CorporateActionRevision.objects.get()
    assert (revision.version, revision.facts["amount_per_share"]) == (1, "0.26")
    assert told[-1].before == DIVIDEND
    assert told[-1].after is not None
    assert (told[-1].version, told[-1].after.amount_per_share) == (2, Decimal("0.27"))
    assert AuditEvent.objects.filter(action="corporate_action.corrected").count() == 1


def test_a_correction_that_changes_nothing_is_none(
    apple: Instrument, told: list[ActionChange]
) -> None:
    action = record(apple)
    correct_action(action.id, changes={"currency": "USD"}, corrected_at=NOW)
    assert (len(told), CorporateActionRevision.objects.count()) == (1, 0)


def test_a_correction_is_refused_where_it_makes_no_sense(apple: Instrument) -> None:
    action = record(apple)
    later = record(apple, replace(DIVIDEND, ex_date=date(2026, 5, 9)))
    with pytest.raises(ProblemsError, match="cancel it and record another"):
        correct_action(action.id, changes={"kind": ActionKind.SPLIT}, corrected_at=NOW)
    with pytest.raises(ProblemsError):
        correct_action(action.id, changes={"amount_per_share": Decimal(-1)}, corrected_at=NOW)
    with pytest.raises(ActionExists):
        correct_action(later.id, changes={"ex_date": DAY}, corrected_at=NOW)
    with pytest.raises(UnknownAction):
        correct_action(uuid4(), changes={}, corrected_at=NOW)
    cancel_action(action.id, cancelled_at=NOW)
    with pytest.raises(ActionCancelled):
        correct_action(action.id, changes={"currency": "EUR"}, corrected_at=NOW)


def test_a_cancelled_one_makes_room_for_another(
    apple: Instrument, told: list[ActionChange]
) -> None:
    action = record(apple)
    cancel_action(action.id, cancelled_at=NOW)
    cancel_action(action.id, cancelled_at=NOW)
    assert [change.after for change in told] == [DIVIDEND, None]
    assert AuditEvent.objects.filter(action="corporate_action.cancelled").count() == 1
    assert record(apple).id != action.id
    with pytest.raises(UnknownAction):
        cancel_action(uuid4(), cancelled_at=NOW)


def test_a_receiver_that_fails_undoes_the_change(apple: Instrument) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("The books are closed.")

    corporate_actions_changed.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            record(apple)
    finally:
        corporate_actions_changed.disconnect(refuse)
    assert not CorporateAction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_record_the_same_at_once_record_one() -> None:
    apple = make_instrument("AAPL")
    start = threading.Barrier(4)
    made: list[Any] = []

    def work() -> None:
        start.wait()
        made.append(record(apple).id)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == CorporateAction.objects.count() == 1
