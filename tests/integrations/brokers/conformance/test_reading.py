"""What every adapter reads, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from integrations.brokers.rehearsing import Asked, Told
from tests.integrations.brokers.conformance.conftest import (
    START,
    Stage,
    happening,
    history,
    once,
)
from tests.integrations.brokers.conformance.recordings import unclaimed
from trading.broker_errors import (
    BadBrokerAnswer,
    BrokerBusy,
    BrokerTimedOut,
    BrokerUnavailable,
    NotSupported,
    SignInNeeded,
)
from trading.brokers import BrokerActivity, Reading

Answer = Callable[[Asked], Told]


KINDS = ("deposit", "buy", "sell", "dividend", "interest", "fee", "withdrawal")


def told_of(one: BrokerActivity) -> tuple[object, ...]:
    """What of an activity the vendor and the desk must agree on."""
    return (one.kind, one.occurred_at, one.symbol, one.quantity, one.unit_price, one.amount)


def test_what_is_not_claimed_asks_nobody(stage: Stage) -> None:
    for call in unclaimed(stage.adapter, stage.session()):
        with pytest.raises(NotSupported):
            call()
    assert not stage.vendor.asked


def test_account_and_positions_are_read(stage: Stage) -> None:
    account = stage.session().account()
    assert account.cash == {"USD": stage.vendor.world.cash}
    assert account.raw
    if Reading.POSITIONS in stage.adapter.capabilities.reads:
        (position,) = stage.session().positions()
        expected = stage.vendor.world.positions[0]
        assert (position.symbol, position.quantity) == ("AAPL", expected.quantity)
        # Some tell no cost; none tells another.
        assert position.unit_cost in (None, expected.unit_cost)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 101, 230])
def test_every_page_is_read_and_nothing_twice(stage: Stage, count: int) -> None:
    stage.vendor.world.happenings = history(count)
    found = stage.read()
    assert sorted(map(told_of, found)) == [told_of(one) for one in history(count)]
    assert len({one.id for one in found}) == count
    assert all(one.raw for one in found)


def test_every_kind_keeps_its_meaning(stage: Stage) -> None:
    kinds = [one for one in KINDS if one in stage.vendor.kinds]
    days = [happening(number * 1440, kind) for number, kind in enumerate(kinds)]
    stage.vendor.world.happenings = days
    found = {one.kind: one for one in stage.read()}
    assert set(found) == set(kinds)
    for expected in days:
        one = found[expected.kind]
        assert one.occurred_at.date() == expected.occurred_at.date()
        assert (one.amount, one.quantity) == (expected.amount, expected.quantity)


def test_ids_are_the_same_at_each_reading(stage: Stage) -> None:
    assert [one.id for one in stage.read()] == [one.id for one in stage.read()]


def test_only_what_happened_since_is_read(stage: Stage) -> None:
    stage.vendor.world.happenings = history(120)
    since = START + timedelta(minutes=115)
    assert sorted(one.occurred_at for one in stage.read(since)) == [
        START + timedelta(minutes=number) for number in range(115, 120)
    ]


def test_a_huge_history_comes_page_by_page(stage: Stage) -> None:
    stage.vendor.world.happenings = history(5_000)
    pages = stage.session().activities(since=None)
    first = next(iter(pages))
    assert len(first.activities) <= 500
    rest = [one for page in pages for one in page.activities]
    assert len({one.id for one in [*first.activities, *rest]}) == 5_000


def test_another_session_goes_on_after_any_page(stage: Stage) -> None:
    stage.vendor.world.happenings = history(230)
    found: list[str] = []
    resume, pages = "", 0
    while resume or not pages:
        page = next(iter(stage.session().activities(since=None, resume=resume)))
        found += [one.id for one in page.activities]
        resume, pages = page.resume, pages + 1
    assert (len(found), len(set(found))) == (230, 230)
    assert pages > 2


def test_wrong_credentials_need_a_sign_in(stage: Stage) -> None:
    secrets = [one.name for one in stage.adapter.credentials if one.is_secret]
    given = stage.vendor.credentials
    wrong = {name: "wrong" if name in secrets else given[name] for name in given}
    session = stage.session(credentials=wrong)
    with pytest.raises(SignInNeeded):
        session.account()


def test_a_session_that_expires_midway_says_so_and_keeps_what_was_read(stage: Stage) -> None:
    stage.vendor.world.happenings = history(230)
    session = stage.session()
    pages = iter(session.activities(since=None))
    first: list[BrokerActivity] = []
    while not first:
        first += next(pages).activities
    stage.vendor.is_expired = True
    if stage.vendor.tells_at_once:
        # What was told at once is read to its end; the next session is refused.
        rest = [one for page in pages for one in page.activities]
        assert len({one.id for one in [*first, *rest]}) == 230
        with pytest.raises(SignInNeeded):
            stage.session().account()
        return
    if stage.adapter.capabilities.signs_in_again:
        rest = [one for page in pages for one in page.activities]
        assert len({one.id for one in [*first, *rest]}) == 230
        return
    with pytest.raises(SignInNeeded):
        list(pages)
    assert first


def test_a_busy_broker_is_left_alone_as_long_as_it_asks(stage: Stage) -> None:
    stage.vendor.faults.append(once(Told(429, {}, {"Retry-After": "7"})))  # type: ignore[arg-type]
    stage.session().account()
    assert any(6 < seconds <= 7 for seconds in stage.waits)


def test_without_patience_it_says_when_to_come_back(stage: Stage) -> None:
    stage.vendor.faults.append(lambda asked, answer: Told(429, {}, {"Retry-After": "90"}))
    session = stage.session(patience_seconds=5)
    with pytest.raises(BrokerBusy) as caught:
        session.account()
    assert 80 < caught.value.retry_after_seconds <= 90


def test_a_used_up_allowance_is_waited_out(stage: Stage) -> None:
    headers = {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "30"}

    def last_one(asked: Asked, answer: Answer) -> Told | None:
        told = answer(asked)
        return Told(told.status, told.body, headers) if len(stage.vendor.asked) == 1 else None

    stage.vendor.faults.append(last_one)
    session = stage.session()
    session.account()
    session.positions()
    assert any(25 < seconds <= 30 for seconds in stage.waits)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_hiccup_is_asked_again(stage: Stage, status: int) -> None:
    stage.vendor.faults.append(once(Told(status, b"oops")))  # type: ignore[arg-type]
    assert stage.session().account().cash == {"USD": stage.vendor.world.cash}


def test_a_broker_that_stays_unwell_is_unavailable(stage: Stage) -> None:
    stage.vendor.faults.append(lambda asked, answer: Told(503, b"<html>"))
    with pytest.raises(BrokerUnavailable):
        stage.session().account()
    assert len(stage.vendor.asked) == 3


def test_no_answer_in_time_is_a_time_out(stage: Stage, settings: Settings, quick: None) -> None:
    stage.vendor.faults.append(lambda asked, answer: Told(is_held=True))
    with pytest.raises(BrokerTimedOut):
        stage.session().account()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1", b"null", b"3", b'"text"', b"[[]]", b"[3]", b'{"items": 3}']
)
def test_what_cannot_be_read_is_a_bad_answer(stage: Stage, body: bytes) -> None:
    def spoil(asked: Asked, answer: Answer) -> Told | None:
        return Told(200, body) if stage.vendor.tells_history(asked) else None

    stage.vendor.faults.append(spoil)
    with pytest.raises(BadBrokerAnswer):
        stage.read()


def test_missing_fields_are_a_bad_answer_and_never_a_guess(stage: Stage) -> None:
    stage.vendor.world.happenings = history(1)
    for name in names_of(stage):
        stage.vendor.faults[:] = [without(stage, name)]
        try:
            found = stage.read()
        except BadBrokerAnswer:
            continue
        # A field that nothing depends on; or without which it is nothing that happened.
        assert not found or [told_of(one) for one in found] == [told_of(happening(0))], name


def test_fields_of_another_kind_are_a_bad_answer(stage: Stage) -> None:
    stage.vendor.world.happenings = history(1)
    failures = 0
    for name in names_of(stage):
        stage.vendor.faults[:] = [changed(stage, name, {"value": "moved"})]
        try:
            found = stage.read()
        except BadBrokerAnswer:
            failures += 1
            continue
        assert not found or [told_of(one) for one in found] == [told_of(happening(0))], name
    assert failures


def test_new_fields_are_passed_over(stage: Stage) -> None:
    def add(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        told = answer(asked)
        for item in items_of(stage, told.body):
            item["brandNew"] = {"deep": [1, 2]}
        return told

    stage.vendor.faults.append(add)
    assert len(stage.read()) == 5


def test_what_comes_twice_has_one_id(stage: Stage) -> None:
    def twice(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        told = answer(asked)
        for found in stage.vendor.lists_of(told.body):
            found.extend(list(found))
        return told

    stage.vendor.faults.append(twice)
    found = stage.read()
    assert len(found) in (5, 10)  # one that hears it twice may keep silent
    assert len({one.id for one in found}) == 5


def test_a_clock_that_is_ahead_changes_nothing(stage: Stage) -> None:
    def ahead(asked: Asked, answer: Answer) -> Told | None:
        told = answer(asked)
        return Told(told.status, told.body, {"Date": "Thu, 01 Jan 2099 00:00:00 GMT"})

    stage.vendor.faults.append(ahead)
    assert len(stage.read()) == 5


def test_a_page_that_leads_to_itself_ends(stage: Stage) -> None:
    if not stage.vendor.pages_by:
        pytest.skip("has no pages that name the next")
    stage.vendor.world.happenings = history(230)
    seen: dict[str, Told] = {}

    def stuck(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        # The second page again and again.
        key = asked.path
        if key in seen and stage.vendor.pages_by & asked.query.keys():
            return seen.setdefault(f"{key} 2", answer(asked))
        seen.setdefault(key, answer(asked))
        return None

    stage.vendor.faults.append(stuck)
    with pytest.raises(BadBrokerAnswer):
        stage.read()


def items_of(stage: Stage, body: Any) -> list[dict[str, Any]]:
    return [item for found in stage.vendor.lists_of(body) for item in found]


def names_of(stage: Stage) -> set[str]:
    """Every field of an item of the history."""
    names: set[str] = set()

    def look(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        told = answer(asked)
        for item in items_of(stage, told.body):
            names.update(item)
        return told

    stage.vendor.faults[:] = [look]
    stage.read()
    return names


def without(stage: Stage, name: str) -> Callable[[Asked, Answer], Told | None]:
    def fault(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        told = answer(asked)
        for item in items_of(stage, told.body):
            item.pop(name, None)
        return told

    return fault


def changed(stage: Stage, name: str, value: object) -> Callable[[Asked, Answer], Told | None]:
    def fault(asked: Asked, answer: Answer) -> Told | None:
        if not stage.vendor.tells_history(asked):
            return None
        told = answer(asked)
        for item in items_of(stage, told.body):
            if name in item:
                item[name] = value
        return told

    return fault


@pytest.fixture
def quick(settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, broker_answer_seconds=0.2)
