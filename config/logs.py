"""How log records look: one readable line on a terminal, one JSON object on servers.

Neither ever shows a secret: message, fields and traceback pass accounts.redaction.
"""

import logging
from datetime import UTC, datetime
from typing import Final

import orjson

from accounts.redaction import redact, redact_value
from config.middleware.request_id import request_id

STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "request_id",
}
PLAIN_TYPES: Final = (str, int, float, bool, type(None))


class RequestIdFilter(logging.Filter):
    """Add the name of the request being answered to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        # What is logged when a stream has ended brings the name of its request along.
        record.request_id = getattr(record, "request_id", None) or request_id.get()
        return True


class HealthFilter(logging.Filter):
    """Drop Django's complaint about each 503 of the health checks, which say it themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return not str(getattr(request, "path", "")).startswith("/api/v1/health/")


class TerminalFormatter(logging.Formatter):
    """``12:30:59 WARNING trading.matcher: …``; ordinary INFO lines go without the level."""

    def __init__(self) -> None:
        super().__init__(datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        return f"{self.formatTime(record, self.datefmt)} {level}{record.name}: {record.message}"

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line; ``extra`` values that are plain become fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
            "request_id": getattr(record, "request_id", "-"),
            "process": record.process,
        }
        if record.exc_info:
            fields["exception"] = redact(self.formatException(record.exc_info))
        for name, value in record.__dict__.items():
            if name not in STANDARD and isinstance(value, PLAIN_TYPES):
                fields.setdefault(name, redact_value(value, name=name))
        return orjson.dumps(fields).decode()
