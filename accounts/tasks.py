"""Background work around callers."""

from __future__ import annotations

from typing import Any, Final

import redis
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.policies import works_for_the_desk

HEARTBEAT_KEY: Final = "worker:heartbeat"
HEARTBEAT_SECONDS: Final = 60
TIMEOUT_SECONDS: Final = 2


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def record_heartbeat(**_: Any) -> None:
    """Say that a worker takes tasks from the queue; readiness reads it until it expires."""
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    ) as valkey:
        valkey.set(
            f"{settings.VALKEY_PREFIX}{HEARTBEAT_KEY}",
            timezone.now().isoformat(),
            ex=HEARTBEAT_SECONDS,
        )


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def forget_old_answers(**_: Any) -> None:
    """Drop answers kept for repeated requests that have outlived their days."""
    from accounts.idempotency import forget_answers

    forget_answers(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def forget_old_tokens(**_: Any) -> None:
    """Drop sign-ins of programs whose last refresh token has expired."""
    from accounts.refresh_tokens import forget_expired

    forget_expired(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def forget_ended_sessions(**_: Any) -> None:
    """Drop browser sessions that have expired, and what was kept about them."""
    from accounts.browser_sessions import forget_ended

    forget_ended(now=timezone.now())
