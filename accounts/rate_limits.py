"""How many requests a caller may make in a minute: never more than that in any sixty seconds.

One Lua script in Valkey counts by the second and decides, so callers at the same moment cannot
both take the last place. While Valkey is away, reads go through uncounted, and whatever changes
something is held by a small bucket of this process.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import redis
from django.conf import settings
from redis.exceptions import NoScriptError

from accounts.errors import AccountsError
from accounts.valkey_calls import ValkeyCalls

logger = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 60
TIMEOUT_SECONDS: Final = 0.25
# After a failure Valkey is left alone this long, so that its absence does not slow each request.
REST_SECONDS: Final = 1.0
# The share of a minute's requests that one process lets change something without Valkey.
LOCAL_SHARE: Final = 10
LOCAL_SUBJECTS: Final = 10_000
# A second's requests count until the last of them is older than the window.
SCRIPT: Final = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local used, earliest, gone = 0, now, {}
local counts = redis.call('HGETALL', KEYS[1])
for i = 1, #counts, 2 do
  local second = tonumber(counts[i])
  if second < now - window then
    gone[#gone + 1] = counts[i]
  else
    used = used + tonumber(counts[i + 1])
    earliest = math.min(earliest, second)
  end
end
if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
local free_in = earliest + window + 1 - now
if used >= limit then return {0, 0, free_in} end
redis.call('HINCRBY', KEYS[1], now, 1)
redis.call('EXPIRE', KEYS[1], window + 1)
return {1, limit - used - 1, free_in}
"""
SCRIPT_NAME: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

calls: Final = ValkeyCalls(timeout_seconds=TIMEOUT_SECONDS)


class RateLimited(AccountsError):
    """The minute's requests are used up."""

    code = "rate_limited"

    def __init__(self, *, per_minute: int, policy: str, retry_after_seconds: int) -> None:
        super().__init__(
            f"Requests of {policy} callers are limited to {per_minute} a minute;"
            f" try again in {retry_after_seconds} s."
        )
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Budget:
    """What one subject may use: all keys and tokens of a user, his browsers, or an address."""

    subject: str
    policy: str  # the tier, for pages "<tier>-pages", or "anonymous"
    per_minute: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on, and what to tell its sender."""

    budget: Budget
    is_allowed: bool
    remaining: int
    free_in_seconds: int  # until the earliest request leaves the window

    def headers(self) -> dict[str, str]:
        """``RateLimit-Policy`` and ``RateLimit``.

        Source: draft-ietf-httpapi-ratelimit-headers-10.
        """
        budget = self.budget
        return {
            "RateLimit-Policy": f'"{budget.policy}";q={budget.per_minute};w={WINDOW_SECONDS}',
            "RateLimit": f'"{budget.policy}";r={self.remaining};t={self.free_in_seconds}',
        }

    def refusal(self) -> RateLimited:
        return RateLimited(
            per_minute=self.budget.per_minute,
            policy=self.budget.policy,
            retry_after_seconds=self.free_in_seconds,
        )


class LocalBuckets:
    """This process's own limit while Valkey is away, small because other processes have theirs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}  # places left, at that moment

    def take(self, budget: Budget) -> Verdict:
        size = max(1, budget.per_minute // LOCAL_SHARE)
        per_second = size / WINDOW_SECONDS
        with self._lock:
            now = self._clock()
            level, at = self._levels.get(budget.subject, (float(size), now))
            level = min(float(size), level + (now - at) * per_second)
            is_allowed = level >= 1
            level -= is_allowed
            if len(self._levels) >= LOCAL_SUBJECTS:
                self._levels.clear()
            self._levels[budget.subject] = (level, now)
        free_in = math.ceil(max(0.0, 1 - level) / per_second)
        return Verdict(budget, is_allowed, int(level), max(1, free_in))

    def clear(self) -> None:
        with self._lock:
            self._levels.clear()


class Limiter:
    """Asks Valkey, and knows what to do without it."""

    def __init__(self) -> None:
        self.buckets = LocalBuckets()
        self._resting_until = 0.0  # monotonic

    def take(self, budget: Budget, *, is_read: bool) -> Verdict:
        """Count one request, if there is a place for it."""
        if time.monotonic() >= self._resting_until:
            try:
                return count(budget)
            except redis.RedisError as error:
                self._resting_until = time.monotonic() + REST_SECONDS
                logger.warning("Valkey did not answer, so requests are not counted: %s", error)
        if is_read:
            return Verdict(budget, True, budget.per_minute, WINDOW_SECONDS)
        return self.buckets.take(budget)

    def forget(self) -> None:
        """Ask Valkey again at once, with full buckets for the next time it is away."""
        self._resting_until = 0.0
        self.buckets.clear()


limiter: Final = Limiter()


def count(budget: Budget) -> Verdict:
    """Raises:
    redis.RedisError: Valkey is away.
    """
    rest = (1, key_of(budget.subject), budget.per_minute, WINDOW_SECONDS)
    try:
        answer = calls.call(settings.REDIS_URL, "EVALSHA", SCRIPT_NAME, *rest)
    except NoScriptError:  # nobody has asked this server yet
        answer = calls.call(settings.REDIS_URL, "EVAL", SCRIPT, *rest)
    is_allowed, remaining, free_in = map(int, answer)
    return Verdict(budget, bool(is_allowed), remaining, free_in)


def key_of(subject: str) -> str:
    return f"{settings.VALKEY_PREFIX}requests:{subject}"
