"""Identifiers of rows that the world may see."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """Make a UUID version 7: unique, and ascending by creation time within a process.

    Source: RFC 9562, section 5.7. Ascending keys keep B-tree inserts on the right edge.
    """
    return uuid_utils.compat.uuid7()


def read_id(text: str) -> UUID | None:
    """``None`` where the text is no id, so that nothing has it."""
    try:
        return UUID(text)
    except ValueError:
        return None
