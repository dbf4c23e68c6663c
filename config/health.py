"""Whether the parts behind the pages work. Asked often, so each question is short and bounded."""

import logging
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final, Literal

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
    """Anybody may ask for the status; `parts` are for keys of staff."""

    status: Literal["alive", "ready", "not_ready"]
    parts: dict[str, bool] | None = None


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
    parts = asdict(found) if is_staff(request) else None
    if found.is_ready:
        return Status(200, HealthOut(status="ready", parts=parts))
    return Status(503, HealthOut(status="not_ready", parts=parts))


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
