"""Whether the parts behind the pages work. Asked often, so each question is short and bounded."""

import logging
from dataclasses import dataclass
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 1


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
