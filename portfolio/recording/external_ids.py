"""External ids of entries: which a source gave, and which stand for the same thing. Pure.

An entry keeps its id when it is undone, so what takes its place has one of its own. That begins
with the id it stands for: ``broker:17~page-…`` was ``broker:17`` in the file, which a later file
will name again.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from portfolio.recording.activity_rules import EXTERNAL_ID_LENGTH

# Ids that were made up here, when an activity came without one.
MADE_UP: Final = ("activity:", "import:", "page:")
# Between an id and what keeps a second entry of that id apart from the first.
AGAIN: Final = "~"
CORRECTED: Final = f"{AGAIN}page-"
REFERENCE_CHARACTERS: Final = 12


def base_of(external_id: str) -> str:
    return external_id.partition(AGAIN)[0]


def is_made_up(external_id: str) -> bool:
    return external_id.startswith(MADE_UP)


def may_be_shared(external_id: str) -> bool:
    """Whether the other side of a transfer, recorded by itself, can come under the same id."""
    return bool(external_id) and not is_made_up(external_id) and CORRECTED not in external_id


def recorded_id(reference: UUID) -> str:
    """Of what is recorded on the page by a form of that reference."""
    return f"page:{reference}"


def corrected_id(external_id: str, reference: UUID) -> str:
    """Of what takes the place of the entry of that id; the same for the same form."""
    found = f"{base_of(external_id)}{CORRECTED}{reference.hex[-REFERENCE_CHARACTERS:]}"
    return found if len(found) <= EXTERNAL_ID_LENGTH else recorded_id(reference)
