"""What a user does with the indices he brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from accounts.models import User
from portfolio.errors import PortfolioError
from portfolio.imports.previews import caps
from portfolio.indices.index_files import IndexFile, RefusedRow, read_index
from portfolio.models import IndexClose, IndexSeries
from portfolio.portfolios import find_name_problems

REFUSED_SHOWN: Final = 100


class IndexNotFound(PortfolioError, NotFound):
    """The user has no such index."""

    code = "index_not_found"


class IndexRefused(PortfolioError, ProblemsError):
    """The index is not taken in; ``problems`` says why."""

    code = "index_refused"


class IndexNameTaken(PortfolioError):
    """The user has an index of that name already."""

    code = "index_name_taken"


@dataclass(frozen=True, slots=True)
class IndexOverview:
    index: IndexSeries
    closes: int
    first_date: date | None
    newest_date: date | None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file; ``refused`` are lines that were not taken."""

    overview: IndexOverview
    refused: Sequence[RefusedRow]


@transaction.atomic
def add_index(
    *, owner: User, name: str, content: bytes, file_name: str, added_at: datetime
) -> TakenIn:
    """Keep a new index from a file of dates and closes; rows that make no sense are left out.

    Raises:
        IndexRefused: the name will not do, no row makes sense, or there are as many as may be.
        IndexNameTaken: the owner has one of that name.
        UnreadableIndex, UnreadableImport: the file is not a table of dates and closes.
    """
    refuse_new(owner, name)
    found = read_file(content, file_name, at=added_at)
    index = new_index(owner, name, found, added_at=added_at)
    return TakenIn(overviews_of([index])[0], found.refused[:REFUSED_SHOWN])


@transaction.atomic
def keep_index(*, owner: User, name: str, found: IndexFile, added_at: datetime) -> IndexSeries:
    """Keep a new index of closes that were read already.

    Raises:
        IndexRefused: the name will not do, or there are as many as may be.
        IndexNameTaken: the owner has one of that name.
    """
    refuse_new(owner, name)
    return new_index(owner, name, found, added_at=added_at)


def new_index(owner: User, name: str, found: IndexFile, *, added_at: datetime) -> IndexSeries:
    """Make one of which ``refuse_new`` has nothing to say, within the caller's transaction."""
    index = IndexSeries.objects.create(owner=owner, name=name.strip(), created_at=added_at)
    store_closes(index, found)
    audit.record(
        action="index.added",
        owner_id=index.owner_id,
        target="index",
        target_id=str(index.id),
        after=facts_of(index, found),
        occurred_at=added_at,
    )
    return index


def refuse_new(owner: User, name: str) -> None:
    """Raises:
    IndexRefused, IndexNameTaken: see ``keep_index``.
    """
    # Two requests at once must not both take the last place, nor the same name.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    own, problems = IndexSeries.objects.for_user(owner), find_name_problems(name)
    allowed: int = settings.LIMITS.indices_per_user
    if own.count() >= allowed:
        problems.append(Problem("", "too_many", f"There are {allowed} indices; remove one first."))
    if problems:
        raise IndexRefused(problems)
    if own.filter(name__iexact=name.strip()).exists():
        raise IndexNameTaken(f"There is an index {name.strip()!r} already.")


@transaction.atomic
def add_closes(
    *, owner: User, index_id: UUID, content: bytes, file_name: str, added_at: datetime
) -> TakenIn:
    """Take in another file of the same index: new days are added, known ones get its closes.

    Raises:
        IndexNotFound: the owner has no such index.
        IndexRefused: no row of the file makes sense.
        UnreadableIndex, UnreadableImport: the file is not a table of dates and closes.
    """
    index = IndexSeries.objects.for_user(owner).select_for_update().filter(id=index_id).first()
    if index is None:
        raise IndexNotFound("There is no such index.")
    found = read_file(content, file_name, at=added_at)
    keep_closes(index, found, added_at=added_at)
    return TakenIn(overviews_of([index])[0], found.refused[:REFUSED_SHOWN])


def keep_closes(index: IndexSeries, found: IndexFile, *, added_at: datetime) -> None:
    """Add closes that were read already, within the transaction of whoever read them."""
    store_closes(index, found)
    audit.record(
        action="index.closes_added",
        owner_id=index.owner_id,
        target="index",
        target_id=str(index.id),
        after=facts_of(index, found),
        occurred_at=added_at,
    )


@transaction.atomic
def remove_index(*, owner: User, index_id: UUID, removed_at: datetime) -> None:
    """Raises:
    IndexNotFound: the owner has no such index.
    """
    index = find_index(owner, index_id)
    audit.record(
        action="index.removed",
        owner_id=owner.id,
        target="index",
        target_id=str(index.id),
        before={"name": index.name},
        occurred_at=removed_at,
    )
    index.delete()


def find_index(user: User, index_id: UUID) -> IndexSeries:
    """Raises:
    IndexNotFound: the user has no such index.
    """
    index = IndexSeries.objects.for_user(user).filter(id=index_id).first()
    if index is None:
        raise IndexNotFound("There is no such index.")
    return index


def indices_of(user: User) -> list[IndexOverview]:
    """The user's indices by name; two queries."""
    own = list(IndexSeries.objects.for_user(user).order_by("name", "id"))
    return overviews_of(own)


def overviews_of(indices: Sequence[IndexSeries]) -> list[IndexOverview]:
    """What is known of each, in the order given; one query."""
    counted = IndexClose.objects.filter(index__in=indices).values("index_id")
    spans = counted.annotate(
        count=Count("on_date"), first=Min("on_date"), newest=Max("on_date")
    ).values_list("index_id", "count", "first", "newest")
    known = {key: span for key, *span in spans}
    return [IndexOverview(one, *known.get(one.id, (0, None, None))) for one in indices]


def read_file(content: bytes, file_name: str, *, at: datetime) -> IndexFile:
    """Raises:
    IndexRefused: no row of the file makes sense.
    """
    found = read_index(content, name=file_name[:255] or "index.csv", caps=caps(), today=at.date())
    if not found.closes:
        shown = [
            Problem(f"line {one.line}", one.code, one.message)
            for one in found.refused[:REFUSED_SHOWN]
        ]
        raise IndexRefused(shown or [Problem("file", "empty", "The file has no rows.")])
    return found


def store_closes(index: IndexSeries, found: IndexFile) -> None:
    IndexClose.objects.bulk_create(
        [IndexClose(index=index, on_date=day, close=close) for day, close in found.closes.items()],
        batch_size=5_000,
        update_conflicts=True,
        unique_fields=["index", "on_date"],
        update_fields=["close"],
    )


def facts_of(index: IndexSeries, found: IndexFile) -> dict[str, Any]:
    return {"name": index.name, "closes": len(found.closes), "refused": len(found.refused)}
