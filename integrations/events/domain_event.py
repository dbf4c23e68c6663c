"""What every event of the desk is, whatever it tells of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

from market.values import plain, wire_time

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
        return plain(value)
    if isinstance(value, datetime):
        return wire_time(value)
    return str(value) if isinstance(value, UUID | date) else value
