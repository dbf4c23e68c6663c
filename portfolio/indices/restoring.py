"""An index brought back with its closes as they were kept in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Final

from django.db import transaction

from accounts.models import User
from accounts.restorations import LeftOut
from portfolio.indices.index_files import IndexFile
from portfolio.indices.own_indices import (
    IndexNameTaken,
    IndexRefused,
    keep_closes,
    keep_index,
)
from portfolio.models import IndexSeries
from portfolio.portfolios import NAME_LENGTH

NUMBERED_CHARACTERS: Final = NAME_LENGTH - 5


@transaction.atomic
def restore_index(
    *, owner: User, name: str, closes: Mapping[date, Decimal], restored_at: datetime
) -> int | LeftOut:
    """Keep the index, or add the days that the owner's own of that name lacks.

    Where his own has another close on a day of both, it is another index: this one then comes
    back as ``NAME (2)``, or the next number that is free or does not contradict it.

    Returns:
        How many closes were new, or why none could be kept.
    """
    # Two restorations at once must not both make it.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    for candidate in names_for(name.strip()):
        own = IndexSeries.objects.for_user(owner).filter(name__iexact=candidate).first()
        if own is None:
            return made(owner, candidate, closes, restored_at)
        known = dict(own.closes.values_list("on_date", "close"))
        if all(known.get(day, close) == close for day, close in closes.items()):
            missing = {day: close for day, close in closes.items() if day not in known}
            if missing:
                keep_closes(own, IndexFile(closes=missing), added_at=restored_at)
            return len(missing)
    raise AssertionError("names do not end")


def made(
    owner: User, name: str, closes: Mapping[date, Decimal], restored_at: datetime
) -> int | LeftOut:
    try:
        keep_index(
            owner=owner, name=name, found=IndexFile(closes=dict(closes)), added_at=restored_at
        )
    except IndexRefused as error:
        problem = error.problems[0]
        return LeftOut("index", name[:NAME_LENGTH], problem.code, problem.message)
    except IndexNameTaken as error:
        return LeftOut("index", name, error.code, str(error))
    return len(closes)


def names_for(name: str) -> Iterator[str]:
    """The name itself, then with numbers, never longer than a name may be."""
    yield name
    for number in count(2):
        yield f"{name[:NUMBERED_CHARACTERS].rstrip()} ({number})"
