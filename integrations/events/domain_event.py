"""What every event of the desk is, whatever it tells of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

ENVELOPE: Final = frozenset({"owner_id", "occurred_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """``owner_id`` says whose matter it is; he and his programs are told."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""  # of the kind, for people who choose what they are told of

    owner_id: UUID
    occurred_at: datetime

    def data(self) -> dict[str, Any]:
        """What it carries beside kind, owner and moment, as JSON."""
        return {
            field.name: json_value(getattr(self, field.name))
            for field in fields(self)
            if field.name not in ENVELOPE
        }


def json_value(value: Any) -> Any:
    """A field as JSON: numbers of money as plain strings, moments in UTC."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID | date) else value
