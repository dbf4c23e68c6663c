"""What could not be brought back of a user's own things, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that did not come back. ``kind`` is what it is, ``name`` as its owner knows it."""

    kind: str
    name: str
    code: str
    message: str
