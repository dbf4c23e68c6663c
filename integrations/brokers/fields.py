"""Fields of a broker's answer, read strictly. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from trading.broker_errors import BadBrokerAnswer


class Fields:
    """One object of an answer."""

    def __init__(self, found: Any, *, of: str) -> None:
        """Raises:
        BadBrokerAnswer: it is no object.
        """
        if not isinstance(found, Mapping):
            raise BadBrokerAnswer(f"{of} is a {type(found).__name__}, must be an object.")
        self.found: Mapping[str, Any] = found
        self.of = of

    @property
    def raw(self) -> str:
        return json.dumps(self.found, default=str, sort_keys=True)

    def text(self, name: str, *, default: str | None = None) -> str:
        value = self.found.get(name)
        if value in (None, "") and default is not None:
            return default
        if isinstance(value, Decimal):
            return format(value, "f")
        if not isinstance(value, str) or not value:
            raise BadBrokerAnswer(f"{self.of}: {name} is missing or no text.")
        return value

    def number(self, name: str) -> Decimal:
        """Exact; text or number.

        Raises:
            BadBrokerAnswer: there is none, or it is not finite.
        """
        value = self.found.get(name)
        try:
            number = Decimal(value) if isinstance(value, str | Decimal) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite():
            raise BadBrokerAnswer(f"{self.of}: {name} is missing or no number.")
        return number

    def maybe_number(self, name: str) -> Decimal | None:
        return None if self.found.get(name) is None else self.number(name)

    def moment(self, name: str) -> datetime:
        """A day alone is its first moment in UTC."""
        value = self.found.get(name)
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            at = None
        if at is None:
            raise BadBrokerAnswer(f"{self.of}: {name} is missing or no time.")
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

    def objects(self, name: str) -> Iterator[Fields]:
        return objects_of(self.found.get(name), of=f"{self.of}: {name}")


def objects_of(found: Any, *, of: str) -> Iterator[Fields]:
    """Raises:
    BadBrokerAnswer: it is no list of objects.
    """
    if not isinstance(found, list):
        raise BadBrokerAnswer(f"{of} is a {type(found).__name__}, must be a list.")
    return (Fields(one, of=of) for one in found)
