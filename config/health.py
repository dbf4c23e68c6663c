"""Whether the parts behind the pages work. Asked often, so each question is short and bounded."""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from ninja.responses import Status

from accounts.auth import KeyBound, caller_of_key, key_text
from accounts.http import client_address
from accounts.policies import anybody

logger = logging.getLogger(__name__)
router: Final = Router(tags=["Operations"])

TIMEOUT_SECONDS: Final = 1


class HealthOut(Schema):
    """Anybody may ask for the status; the rest is for keys of staff.

    `ages` are seconds since worker, matcher and feed last said that they work; one that has been
    silent for long is absent.
    """

    status: Literal["alive", "ready", "not_ready"]
    parts: dict[str, bool] | None = None
    ages: dict[str, float] | None = None


@router.get(
    "/health/live",
    operation_id="get_liveness",
    response=HealthOut,
    auth=None,
    exclude_none=True,
)
@anybody("probes carry no key")
def live(request: HttpRequest) -> HealthOut:
    """Answers while the process can answer at all."""
    return HealthOut(status="alive")


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    response={200: HealthOut, 503: HealthOut},
    auth=None,
    exclude_none=True,
)
@anybody("probes carry no key; what it says without one is one word")
def ready(request: HttpRequest) -> Status[HealthOut]:
    """Answers 200 while database, Valkey, worker, matcher and price feed all work, else 503."""
    found = readiness()
    tell_change(found)
    details: dict[str, dict[str, Any]] = {}
    if is_staff(request):
        details = {"parts": asdict(found), "ages": beat_ages(at=timezone.now())}
    if found.is_ready:
        return Status(200, HealthOut(status="ready", **details))
    return Status(503, HealthOut(status="not_ready", **details))


def is_staff(request: HttpRequest) -> bool:
    """Whether a key of staff asks; nobody can tell while the database is away."""
    text = key_text(request.headers)
    if text is None:
        return False
    try:
        caller = caller_of_key(text, address=client_address(request), at=timezone.now())
    except (DatabaseError, KeyBound):
        return False
    return caller is not None and caller.user.is_staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """True for each part that works now."""

    database: bool
    valkey: bool
    worker: bool  # a task went through the queue within the last minute
    matcher: bool
    feed: bool

    @property
    def is_ready(self) -> bool:
        return self.database and self.valkey and self.worker and self.matcher and self.feed


_told: list[Readiness] = []


def tell_change(found: Readiness) -> None:
    """Log what this process found when it differs from what it found before."""
    if _told != [found]:
        _told[:] = [found]
        logger.info("%s", "Ready" if found.is_ready else f"Not ready: {found}")


def readiness() -> Readiness:
    """Ask every part; never raises."""
    database = database_answers()
    names = [f"{settings.VALKEY_PREFIX}{name}" for name in heartbeat_keys()]
    try:
        beats = [value is not None for value in valkey().mget(names)]
    except (redis.RedisError, OSError):
        logger.warning("Valkey does not answer", exc_info=True)
        return Readiness(database=database, valkey=False, worker=False, matcher=False, feed=False)
    worker, matcher, feed = beats
    return Readiness(database=database, valkey=True, worker=worker, matcher=matcher, feed=feed)


def beat_ages(*, at: datetime) -> dict[str, float]:
    """Seconds since each part last said that it works; empty while Valkey is away."""
    names = [f"{settings.VALKEY_PREFIX}{name}" for name in heartbeat_keys()]
    try:
        beats = dict(zip(("worker", "matcher", "feed"), valkey().mget(names), strict=True))
    except (redis.RedisError, OSError):
        return {}
    return {part: age_seconds(beat, at=at) for part, beat in beats.items() if beat is not None}


def age_seconds(beat: bytes | str, *, at: datetime) -> float:
    """Since a heartbeat, which is a moment in ISO 8601."""
    seconds = (
        at - datetime.fromisoformat(beat.decode() if isinstance(beat, bytes) else beat)
    ).total_seconds()
    return round(max(0.0, seconds), 3)


def heartbeat_keys() -> tuple[str, str, str]:
    """Name what worker, matcher and feed keep alive; each key expires when its owner is gone."""
    return "worker:heartbeat", "matcher:0:heartbeat", "feed:0:heartbeat"


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("PostgreSQL does not answer", exc_info=True)
        return False
    return True


@cache
def valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
