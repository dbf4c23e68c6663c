"""One count for all processes, and what a broker says goes before it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from uuid import UUID

import pytest
from pytest_django import Settings

from integrations.brokers.pacing import AccountPacing, Pace, rest_asked
from integrations.http import Answer
from market.live.live_quotes import valkey
from trading.broker_errors import BrokerBusy, BrokerUnavailable

ONE, OTHER = UUID(int=1), UUID(int=2)
PACE = Pace("all", 5, 60)
TAKER = """
import django; django.setup()
from uuid import UUID
from integrations.brokers.pacing import AccountPacing, Pace
from trading.broker_errors import BrokerBusy
pacing, taken = AccountPacing(UUID(int=1), 0), 0
for _ in range(40):
    try:
        pacing.wait(Pace("all", 20, 600))
        taken += 1
    except BrokerBusy:
        pass
print(taken)
"""


def taken(pacing: AccountPacing, pace: Pace = PACE, *, tries: int = 20) -> int:
    count = 0
    for _ in range(tries):
        try:
            pacing.wait(pace)
        except BrokerBusy:
            continue
        count += 1
    return count


def test_a_window_has_its_questions_and_no_more() -> None:
    assert taken(AccountPacing(ONE, 0)) == 5


def test_accounts_and_kinds_are_counted_apart() -> None:
    assert taken(AccountPacing(ONE, 0)) == 5
    assert taken(AccountPacing(OTHER, 0)) == 5
    assert taken(AccountPacing(ONE, 0), Pace("else", 3, 60)) == 3


def test_two_processes_share_one_count() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER], stdout=subprocess.PIPE, env=environment, text=True
        )
        for _ in range(2)
    ]
    counts = [int(taker.communicate(timeout=100)[0]) for taker in takers]
    # One more may come free while they start.
    assert 20 <= sum(counts) <= 22


def test_threads_share_one_count() -> None:
    counts: Counter[str] = Counter()
    threads = [
        threading.Thread(target=lambda: counts.update(all=taken(AccountPacing(ONE, 0))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts["all"] == 5


def test_a_broker_s_word_stops_every_process_of_the_account() -> None:
    AccountPacing(ONE, 0).hear(Answer(429, {"Retry-After": "40"}, b""), now=0)
    with pytest.raises(BrokerBusy) as caught:
        AccountPacing(ONE, 39).wait(Pace("else", 100, 60))
    assert 35 < caught.value.retry_after_seconds <= 40
    AccountPacing(OTHER, 0).wait(PACE)


def test_a_shorter_word_does_not_end_a_longer_one() -> None:
    pacing = AccountPacing(ONE, 0)
    pacing.hear(Answer(429, {"Retry-After": "40"}, b""), now=0)
    pacing.hear(Answer(429, {"Retry-After": "1"}, b""), now=0)
    with pytest.raises(BrokerBusy) as caught:
        pacing.wait(PACE)
    assert caught.value.retry_after_seconds > 30


def test_whoever_has_patience_waits_his_turn() -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        valkey().flushall()

    pacing = AccountPacing(ONE, 60, sleep=sleep)
    for _ in range(6):
        pacing.wait(PACE)
    (waited,) = waits
    assert 0 < waited <= 12


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, 0),
        (200, {"X-Ratelimit-Remaining": "1", "X-Ratelimit-Reset": "2000000030"}, 0),
        (200, {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "2000000030"}, 30),
        (200, {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1999999999"}, 1),
        (200, {"Ratelimit-Remaining": "0", "Ratelimit-Reset": "12"}, 12),
        (200, {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "99999999999999999"}, 3600),
        (200, {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "soon"}, 0),
        (429, {"X-Ratelimit-Reset": "2000000005"}, 5),
        (429, {"Retry-After": "9", "X-Ratelimit-Reset": "2000000005"}, 9),
        (429, {}, 60),
    ],
)
def test_what_an_answer_asks_for(status: int, headers: dict[str, str], seconds: float) -> None:
    assert rest_asked(Answer(status, headers, b""), now=2_000_000_000) == seconds


def test_without_valkey_nobody_is_asked(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    pacing = AccountPacing(ONE, 0)
    with pytest.raises(BrokerUnavailable):
        pacing.wait(PACE)
    settings.REDIS_URL = os.environ["REDIS_URL"]
