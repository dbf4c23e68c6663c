"""How fast one broker account may be asked: one count in Valkey for all processes.

Each account has a hash with a field for each kind of question, which are spaced evenly over their
window after a burst, and one field for all: until when the broker wants to be left alone. What it
says in ``Retry-After`` or by its reset headers goes before what we think it allows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import redis

from integrations.http import Answer
from market.live import live_quotes
from trading.broker_errors import BrokerBusy, BrokerUnavailable

TOO_MANY: Final = 429
HASH_SECONDS: Final = 2 * 3600
# Reset headers name a moment of Unix time, or the seconds until then.
MOMENT_FROM: Final = 1_000_000_000
RESET_MAXIMUM_SECONDS: Final = 3600
REMAINING: Final = ("X-Ratelimit-Remaining", "Ratelimit-Remaining")
RESET: Final = ("X-Ratelimit-Reset", "Ratelimit-Reset")
# Times in milliseconds of Valkey's own clock, so that clocks of processes do not matter.
TAKE: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rest = tonumber(redis.call('HGET', KEYS[1], 'rest') or '0')
if rest > now then return rest - now end
local space, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0'), now)
if due + space > now + window then return due + space - window - now end
redis.call('HSET', KEYS[1], ARGV[1], due + space)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 0
"""
REST: Final = """
local t = redis.call('TIME')
local till = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[1])
local rest = tonumber(redis.call('HGET', KEYS[1], 'rest') or '0')
if till > rest then redis.call('HSET', KEYS[1], 'rest', till) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 0
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many questions of one kind in any window; they may come at once."""

    kind: str
    questions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AccountPacing:
    """Of one account; ``patience_seconds`` is how long a caller waits for his turn."""

    account: UUID
    patience_seconds: float
    sleep: Callable[[float], None] = field(default=time.sleep)

    def wait(self, pace: Pace) -> None:
        """Return when the question may be asked.

        Raises:
            BrokerBusy: that is longer than the patience.
            BrokerUnavailable: Valkey is away, so nobody can tell who asks meanwhile.
        """
        waited = 0.0
        while seconds := self._take(pace):
            if waited + seconds > self.patience_seconds:
                raise BrokerBusy(
                    f"The broker is to be left alone for {seconds:.0f} s.",
                    retry_after_seconds=seconds,
                )
            self.sleep(seconds)
            waited += seconds

    def hear(self, answer: Answer, *, now: float) -> None:
        """Leave the account alone as long as the answer asks."""
        seconds = rest_asked(answer, now=now)
        if seconds > 0:
            self.rest(seconds)

    def rest(self, seconds: float) -> None:
        """Leave the account alone, whoever would ask."""
        self._run(REST, round(seconds * 1000), HASH_SECONDS)

    def _take(self, pace: Pace) -> float:
        """Seconds to wait, 0 where the turn was taken."""
        window = round(pace.seconds * 1000)
        space = -(-window // pace.questions)
        return self._run(TAKE, pace.kind, space, window, HASH_SECONDS) / 1000

    def _run(self, script: str, *args: Any) -> int:
        key = live_quotes.prefixed(f"brokers:pace:{self.account.hex}")
        try:
            told: Any = live_quotes.valkey().eval(script, 1, key, *args)
        except redis.RedisError as error:
            raise BrokerUnavailable("No broker is asked while Valkey is away.") from error
        return int(told)


def rest_asked(answer: Answer, *, now: float) -> float:
    """Seconds that an answer asks to be left alone, 0 where it does not. Pure."""
    if answer.status == TOO_MANY and "Retry-After" in answer.headers:
        return answer.retry_after_seconds(now=now)
    remaining = next((answer.headers[name] for name in REMAINING if name in answer.headers), "")
    until = next((answer.headers[name] for name in RESET if name in answer.headers), "")
    is_used_up = answer.status == TOO_MANY or remaining.strip() == "0"
    if is_used_up and until.strip().isdecimal():
        reset = int(until.strip()[:12])
        seconds = reset - now if reset >= MOMENT_FROM else reset
        return min(max(seconds, 1.0), RESET_MAXIMUM_SECONDS)
    return answer.retry_after_seconds(now=now) if answer.status == TOO_MANY else 0
