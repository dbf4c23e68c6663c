"""A connection as the audit tells of it."""

from __future__ import annotations

from typing import Any

from integrations.models import Connection


def facts_of(connection: Connection) -> dict[str, Any]:
    names = ("name", "broker", "portfolio_id", "is_sandbox", "is_scheduled", "disabled_at")
    return {name: getattr(connection, name) for name in names} | {
        "chosen_symbols": [f"{word} = {address}" for word, address in connection.symbols.items()]
    }


def target(connection: Connection) -> dict[str, Any]:
    return {
        "owner_id": connection.owner_id,
        "target": "connection",
        "target_id": str(connection.id),
    }
