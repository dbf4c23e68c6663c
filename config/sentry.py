"""Errors to Sentry, where SENTRY_DSN names one; nothing is even imported without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.redaction import redact_value

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

KEPT_HEADERS = frozenset({"host", "user-agent", "content-type", "content-length", "x-request-id"})


def begin(dsn: str, *, environment: str, release: str) -> None:
    """Report unhandled errors and ERROR records of this process from here on."""
    import sentry_sdk  # noqa: PLC0415 -- it patches what it finds imported
    from sentry_sdk.integrations.celery import CeleryIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.django import DjangoIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        send_default_pii=False,
        max_request_body_size="never",
        # Values of variables hold what has no name and no shape.
        include_local_variables=False,
        traces_sample_rate=0,
        default_integrations=True,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(), CeleryIntegration()],
        before_send=without_secrets,
        before_breadcrumb=lambda crumb, _: redact_value(crumb),
    )


def without_secrets(event: Event, hint: Hint) -> Event:
    """Cookies, bodies and most headers stay here; the rest passes the redactor."""
    request: dict[str, Any] = dict(event.get("request") or {})
    for name in ("cookies", "data", "env"):
        request.pop(name, None)
    headers = request.get("headers") or {}
    request["headers"] = {
        name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS
    }
    cleaned: Event = redact_value({**event, "request": request}, depth=20)
    return cleaned
