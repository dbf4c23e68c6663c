"""Lists of pages, by the same signed cursors as those of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet

from accounts.auth import Caller
from accounts.cursors import BadCursor, Listing, Page
from accounts.http import InvestorRequest

Row = TypeVar("Row", bound=Model)

ROWS: Final = 30  # with much in each, such a page keeps within its 60 kB
CURSOR: Final = "cursor"


def read_page(
    request: InvestorRequest,
    rows: QuerySet[Row, Row],
    *,
    name: str,
    filters: Mapping[str, Any],
    order: Sequence[str],
) -> tuple[Page[Row], str | None]:
    """Some rows, and the address of those after them; ``None`` at the end.

    A cursor that does not belong to the list starts it again.
    """
    listing = Listing(Caller(user=request.user, scopes=frozenset()), name, filters)
    cursor = request.GET.get(CURSOR) or None
    try:
        page = listing.page(rows, order=order, limit=ROWS, cursor=cursor)
    except BadCursor:
        page = listing.page(rows, order=order, limit=ROWS, cursor=None)
    if page.next_cursor is None:
        return page, None
    query = request.GET.copy()
    query[CURSOR] = page.next_cursor
    return page, f"{request.path}?{query.urlencode()}"
