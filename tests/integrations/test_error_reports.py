"""ERROR records in Slack: once, redacted, and in nobody's way."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from integrations import error_reports
from integrations.error_reports import SlackHandler
from tests.integrations.fake_http import FakeHttp, fake_http
from tests.support.desk import wait_until

SECONDS = 10


@pytest.fixture
def slack() -> Iterator[FakeHttp]:
    with fake_http() as fake:
        yield fake


@pytest.fixture
def handler(slack: FakeHttp, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackHandler]:
    monkeypatch.setattr(error_reports, "PAUSE_SECONDS", 0.01)
    made = SlackHandler(f"{slack.address}/services/T0/B0/hook")
    yield made
    slack.released.set()
    made.stop()


def log(handler: SlackHandler, message: str, *args: object, error: Exception | None = None) -> None:
    exc_info = None
    if error is not None:
        try:
            raise error
        except type(error):
            exc_info = sys.exc_info()
    record = logging.LogRecord("trading.x", logging.ERROR, "x.py", 7, message, args, exc_info)
    handler.handle(record)


def texts(slack: FakeHttp) -> list[str]:
    return [json.loads(body)["text"] for body in slack.bodies]


def heard(slack: FakeHttp, count: int) -> list[str]:
    wait_until(lambda: len(slack.bodies) >= count, seconds=SECONDS, what=f"{count} messages")
    return texts(slack)


def test_an_error_is_told_with_its_place_and_without_secrets(
    handler: SlackHandler, slack: FakeHttp
) -> None:
    log(handler, "order %s failed, password=hunter2", "o1", error=ValueError("token: abcdef123"))
    (text,) = heard(slack, 1)
    assert "trading.x" in text
    assert "order o1 failed" in text
    assert "ValueError" in text
    assert "hunter2" not in text
    assert "abcdef123" not in text


def test_the_same_error_is_told_once_and_then_counted(
    handler: SlackHandler, slack: FakeHttp
) -> None:
    for number in range(13):
        log(handler, "order %s failed", number)
    log(handler, "something else")
    first, second = heard(slack, 2)
    assert "order 0 failed" in first
    assert "something else" in second
    assert "12 more" in second


def test_processes_tell_it_once_together(handler: SlackHandler, slack: FakeHttp) -> None:
    other = SlackHandler(f"{slack.address}/services/T0/B0/hook")
    log(handler, "broken")
    heard(slack, 1)
    log(other, "broken")
    log(other, "also broken")
    assert [text.splitlines()[1] for text in heard(slack, 2)] == ["broken", "also broken"]
    other.stop()


def test_many_errors_are_few_messages(handler: SlackHandler, slack: FakeHttp) -> None:
    for number in range(40):
        log(handler, f"failure {number}")
    handler.stop(SECONDS)
    assert len(slack.bodies) == error_reports.MESSAGES_PER_PERIOD


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refusal_that_passes_is_tried_again(
    handler: SlackHandler, slack: FakeHttp, status: int
) -> None:
    slack.answers = [(status, {"Retry-After": "0"})] * 2
    log(handler, "broken")
    assert len(heard(slack, 3)) == 3


@pytest.mark.parametrize("answer", [(404, {}), (302, {"Location": "http://127.0.0.1:9/elsewhere"})])
def test_a_refusal_that_stays_is_let_go_and_no_redirect_followed(
    handler: SlackHandler, slack: FakeHttp, answer: tuple[int, dict[str, str]]
) -> None:
    slack.answers = [answer]
    log(handler, "broken")
    log(handler, "also broken")
    assert [text.splitlines()[1] for text in heard(slack, 2)] == ["broken", "also broken"]
    assert set(slack.paths) == {"/services/T0/B0/hook"}


def test_a_slow_slack_holds_nobody_up(
    handler: SlackHandler, slack: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_reports, "WAITING", 100)
    slack.answers = [(0, {})]
    log(handler, "first")
    heard(slack, 1)
    for number in range(300):  # returns although nothing is taken
        log(handler, f"failure {number}")
    assert handler.dropped >= 100
    slack.released.set()


def test_slack_away_is_survived(monkeypatch: pytest.MonkeyPatch, slack: FakeHttp) -> None:
    monkeypatch.setattr(error_reports, "PAUSE_SECONDS", 0.01)
    handler = SlackHandler("http://127.0.0.1:9/hook")
    log(handler, "broken")
    handler._url = f"{slack.address}/hook"
    log(handler, "also broken")
    assert heard(slack, 1)
    handler.stop()


def test_valkey_away_leaves_each_process_to_itself(
    handler: SlackHandler, slack: FakeHttp, settings: LazySettings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    error_reports.valkey.cache_clear()
    log(handler, "broken")
    log(handler, "broken")
    log(handler, "also broken")
    assert len(heard(slack, 2)) == 2
    error_reports.valkey.cache_clear()


def test_what_is_below_error_or_its_own_is_not_told(handler: SlackHandler, slack: FakeHttp) -> None:
    logger = logging.getLogger("test.below")
    logger.addHandler(handler)
    logger.warning("only a warning")
    own = logging.LogRecord(error_reports.__name__, logging.ERROR, "x", 1, "loop", (), None)
    handler.handle(own)
    log(handler, "an error")
    assert len(heard(slack, 1)) == 1
    logger.removeHandler(handler)


def test_it_is_off_without_a_setting(settings: LazySettings) -> None:
    assert "slack" not in settings.LOGGING["handlers"]
