"""Ids of rows that never change and never go, remembered by this process."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Final, Generic, TypeVar

from django.db import transaction

IDS_MAXIMUM: Final = 200_000

Key = TypeVar("Key", bound=Hashable)
# Begins to look for keys; what it answers gives those that were found.
Look = Callable[[Iterable[Key]], Callable[[], dict[Key, int]]]


class KnownIds(Generic[Key]):
    """Finds ids by key: remembered, else in the database, else made there.

    Only what a commit has made lasting is remembered, so a rollback leaves nothing wrong here.
    """

    def __init__(self) -> None:
        self._ids: dict[Key, int] = {}

    def find(
        self,
        keys: Iterable[Key],
        *,
        find: Callable[[Iterable[Key]], dict[Key, int]],
        make: Callable[[Iterable[Key]], None],
    ) -> dict[Key, int]:
        """Ids of all keys. ``make`` passes over what somebody else makes at the same time."""
        return self.seek(keys, look=lambda unknown: partial(find, unknown), make=make)()

    def seek(
        self, keys: Iterable[Key], *, look: Look[Key], make: Callable[[Iterable[Key]], None]
    ) -> Callable[[], dict[Key, int]]:
        """Begin to look for what is unknown; calling the answer gives what ``find`` gives."""
        known = self._ids
        wanted = set(keys)
        # Not ``wanted - known.keys()``, which goes through everything that is remembered.
        if not (unknown := {key for key in wanted if key not in known}):
            return lambda: {key: known[key] for key in wanted}
        # What another transaction's commit adds meanwhile makes no key of these unknown again.
        remembered = {key: known[key] for key in wanted - unknown}
        read = look(unknown)

        def ids() -> dict[Key, int]:
            found = read()
            # In one order, so that two transactions that make the same rows cannot deadlock.
            if missing := sorted(unknown - found.keys(), key=str):
                make(missing)
                found |= look(missing)()
            transaction.on_commit(partial(self._remember, found))
            return remembered | found

        return ids

    def _remember(self, found: dict[Key, int]) -> None:
        if len(self._ids) + len(found) > IDS_MAXIMUM:
            self._ids = {}
        self._ids |= found
