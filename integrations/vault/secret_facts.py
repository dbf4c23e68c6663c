"""Opened secrets on their way to whom they are for: never printed, logged, pickled or dumped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

HIDDEN: Final = "<secret facts>"


class SecretFacts(Mapping[str, str]):
    """Named secrets. Whoever shows the whole shows nothing."""

    __slots__ = ("_facts",)

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._facts = dict(facts)

    def __getitem__(self, name: str) -> str:
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("secret facts are not pickled")
