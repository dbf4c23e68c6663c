"""The body of a webhook: the event's envelope, see docs/events.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from integrations.events.domain_event import json_value


def body_of(event_id: UUID, kind: str, data: Mapping[str, Any], *, occurred_at: datetime) -> str:
    envelope = {
        "id": str(event_id),
        "type": kind,
        "timestamp": json_value(occurred_at),
        "data": data,
    }
    return orjson.dumps(envelope).decode()
