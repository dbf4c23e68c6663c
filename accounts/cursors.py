"""Signed places in a list.

A cursor holds the sort values of the last row given out, so that the next page starts after it
however many rows came or went before. It is signed together with who asked for what, so a
changed one, another's, or one of another filter is refused.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet

from accounts.auth import Caller
from accounts.errors import AccountsError

SALT: Final = "accounts.cursors"
LENGTH: Final = 2_000

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")
Value = str | int | Decimal | UUID | date | datetime


class BadCursor(AccountsError):
    """The cursor is changed, somebody else's, or of a list with other filters."""

    code = "bad_cursor"

    def __init__(self) -> None:
        super().__init__("The cursor does not belong to this list; start again without it.")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows of a list, and where the next ones start; ``None`` at the end."""

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One caller's view of one list: what a cursor of it is bound to."""

    caller: Caller
    name: str
    filters: Mapping[str, object]

    @property
    def salt(self) -> str:
        filters = "&".join(
            f"{name}={value}" for name, value in sorted(self.filters.items()) if value is not None
        )
        return f"{SALT}|{self.caller.user.id}|{self.name}|{filters}"

    def seal(self, values: Sequence[Value]) -> str:
        """Turn the last row's sort values into a cursor."""
        texts = [v.isoformat() if isinstance(v, date) else str(v) for v in values]
        return signing.Signer(salt=self.salt).sign_object(texts)

    def unseal(self, cursor: str) -> list[str]:
        """Return the sort values as text.

        Raises:
            BadCursor: it was not made for this list.
        """
        if len(cursor) > LENGTH:
            raise BadCursor
        try:
            texts = signing.Signer(salt=self.salt).unsign_object(cursor)
        except (signing.BadSignature, ValueError):
            raise BadCursor from None
        return [str(text) for text in texts]

    def page(
        self, rows: QuerySet[Row, Row], *, order: Sequence[str], limit: int, cursor: str | None
    ) -> Page[Row]:
        """Read one page.

        Args:
            order: fields of the row itself or annotations, all ascending or all with a minus,
                together unique.
        """
        names = [name.removeprefix("-") for name in order]
        if cursor is not None:
            fields = [_field(rows, name) for name in names]
            texts = self.unseal(cursor)
            values = [field.to_python(text) for field, text in zip(fields, texts, strict=True)]
            comparison = "lt" if order[0].startswith("-") else "gt"
            rows = rows.filter(after(names, values, comparison=comparison))
        found = list(rows.order_by(*order)[: limit + 1])
        if len(found) <= limit:
            return Page(found, None)
        last = found[limit - 1]
        return Page(found[:limit], self.seal([getattr(last, name) for name in names]))

    def part(
        self,
        items: Iterable[Item],
        *,
        key: Callable[[Item], Sequence[str]],
        limit: int,
        cursor: str | None,
    ) -> Page[Item]:
        """Read one page of rows that are computed, all at once.

        Args:
            key: texts by which the rows are ordered, ascending. Rows that share theirs stay in
                the order they come in.
        """
        shared: Counter[tuple[str, ...]] = Counter()
        placed: list[tuple[tuple[str, ...], Item]] = []
        for item in items:
            texts = tuple(key(item))
            placed.append(((*texts, f"{shared[texts]:09}"), item))
            shared[texts] += 1
        placed.sort(key=itemgetter(0))
        first = 0
        if cursor is not None:
            first = bisect_right(placed, tuple(self.unseal(cursor)), key=itemgetter(0))
        found = placed[first : first + limit]
        is_last = first + limit >= len(placed)
        return Page([item for _, item in found], None if is_last else self.seal(found[-1][0]))


def _field(rows: QuerySet[Any, Any], name: str) -> Any:
    """What reads a sort value from its text."""
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    return rows.model._meta.get_field(name)


def after(names: Sequence[str], values: Sequence[Any], *, comparison: str) -> Q:
    """The rows behind the given sort values; the first condition lets an index do it."""
    condition = Q(**{f"{names[-1]}__{comparison}": values[-1]})
    for name, value in zip(reversed(names[:-1]), reversed(values[:-1]), strict=True):
        condition = Q(**{f"{name}__{comparison}": value}) | (Q(**{name: value}) & condition)
    return Q(**{f"{names[0]}__{comparison}e": values[0]}) & condition
