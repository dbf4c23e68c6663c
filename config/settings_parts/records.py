"""What the desk tells of itself: numbers, lines of the log, and reports of errors."""

from importlib import import_module
from pathlib import Path
from typing import Any

from config.env import env
from config.settings_parts.servers import HOLDFAST_DATA, IS_EMBEDDED

# --- What is counted, and who may read it ----------------------------------------------------

METRICS_FOLDER: Path = env.path("METRICS_FOLDER", default=HOLDFAST_DATA / "metrics")
# With a token whoever shows it, else whoever asks from one of the networks.
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
_loopback = ("127.0.0.0/8", "::1/128")
_private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
METRICS_NETWORKS = env.networks(
    "METRICS_NETWORKS", default=_loopback if IS_EMBEDDED else (*_loopback, *_private)
)

# --- What the log says -----------------------------------------------------------------------

LOG_LEVEL = env.choice(
    "LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
# One line a request, a socket and a task; WARNING leaves only what went wrong.
REQUEST_LOG_LEVEL = env.choice(
    "REQUEST_LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
# Where ERROR records are told of, each once; see docs/logs.md.
SLACK_WEBHOOK_URL = env.web_address("SLACK_WEBHOOK_URL")
SENTRY_DSN = env.web_address("SENTRY_DSN")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", default="production")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request": {"()": "config.logs.RequestIdFilter"},
        "health": {"()": "config.logs.HealthFilter"},
    },
    "formatters": {
        "terminal": {"()": "config.logs.TerminalFormatter"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request"],
            "formatter": env.choice(
                "LOG_FORMAT",
                default="terminal" if IS_EMBEDDED else "json",
                choices=("terminal", "json"),
            ),
        },
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.request": {"filters": ["health"]},
        # The reason of each refused host or form is in the answer; the log would be a megaphone.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "daphne": {"level": "WARNING"},
        "holdfast.requests": {"level": REQUEST_LOG_LEVEL},
        "holdfast.sockets": {"level": REQUEST_LOG_LEVEL},
        "holdfast.tasks": {"level": REQUEST_LOG_LEVEL},
        # Its own lines of each task say the same with less.
        "celery.app.trace": {"level": "ERROR"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
if SLACK_WEBHOOK_URL:
    LOGGING["handlers"]["slack"] = {
        "class": "integrations.error_reports.SlackHandler",
        "url": SLACK_WEBHOOK_URL,
        "filters": ["request"],
    }
    LOGGING["root"]["handlers"].append("slack")
if SENTRY_DSN:
    import_module("config.sentry").begin(
        SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release="holdfast"
    )
