"""``GET /metrics``: what every process counted, and what can only be asked at the moment."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterator
from typing import Any, Final

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from accounts import metrics
from accounts.auth import key_text
from accounts.errors import NotFound
from accounts.http import client_address
from accounts.networks import contains
from accounts.policies import anybody
from config.health import beat_ages, valkey

logger = logging.getLogger(__name__)
router: Final = Router(tags=["Operations"])

QUEUES: Final = ("default", "money", "valuations", "ingestion", "brokers")
WAITING: Final = """
    SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)
    FROM trading_ordercommand WHERE sequence IS NULL
"""
CONNECTIONS: Final = """
    SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1
"""
SUM_OF_LIVE: Final = "gauge_livesum_"


@router.get("/metrics", auth=None, include_in_schema=False)
@anybody("Prometheus carries no key; who else asks is told that there is nothing")
def get_metrics(request: HttpRequest) -> HttpResponse:
    """The exposition format of Prometheus, for the operator's own machines."""
    if not is_internal(request):
        raise NotFound("There is nothing at this address.")
    forget_killed()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(metrics.folder))  # type: ignore[no-untyped-call]
    registry.register(Moment())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def is_internal(request: HttpRequest) -> bool:
    """Whether the token is right, where one is set; else whether the address is one of ours."""
    if settings.METRICS_TOKEN:
        offered = key_text(request.headers) or ""
        return hmac.compare_digest(offered.encode(), settings.METRICS_TOKEN.encode())
    return contains(settings.METRICS_NETWORKS, client_address(request))


def forget_killed() -> None:
    """Let sockets of processes that were killed on this machine count no longer."""
    for file in metrics.folder.glob(f"{SUM_OF_LIVE}{metrics.HOST}-*.db"):
        pid = int(file.stem.rpartition("-")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
        except PermissionError:  # it lives, as somebody else
            continue


class Moment:
    """Queues, ages and connections as they are now; what does not answer is left out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from ask_valkey()
        except (redis.RedisError, OSError, ValueError) as error:
            logger.warning("Valkey tells nothing for the metrics: %s", error)
        try:
            yield from ask_database()
        except DatabaseError as error:
            logger.warning("PostgreSQL tells nothing for the metrics: %s", error)


def ask_valkey() -> Iterator[GaugeMetricFamily]:
    prefix = settings.VALKEY_PREFIX
    pipeline = valkey().pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.llen(f"{prefix}celery:{queue}")
    found = pipeline.execute()
    lengths = GaugeMetricFamily("holdfast_queue_tasks", "Tasks that wait", labels=["queue"])
    for queue, length in zip(QUEUES, found, strict=True):
        lengths.add_metric([queue], length)
    yield lengths
    ages = GaugeMetricFamily(
        "holdfast_heartbeat_age_seconds", "Since a part last said it works", labels=["part"]
    )
    for part, seconds in beat_ages(at=timezone.now()).items():
        ages.add_metric([part], seconds)
    yield ages


def ask_database() -> Iterator[GaugeMetricFamily]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        count, age = cursor.fetchone()
        cursor.execute(CONNECTIONS)
        states: list[tuple[str, Any]] = cursor.fetchall()
    yield GaugeMetricFamily(
        "holdfast_matcher_waiting_commands", "Orders and cancellations that wait", value=count
    )
    yield GaugeMetricFamily(
        "holdfast_matcher_lag_seconds", "Age of the oldest of them", value=float(age)
    )
    connections = GaugeMetricFamily(
        "holdfast_database_connections", "Connections of clients", labels=["state"]
    )
    for state, number in states:
        connections.add_metric([state], number)
    yield connections
