"""What pages and the API read of imports; a fixed number of queries each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import User
from accounts.roles import Role
from portfolio.imports.states import ImportNotFound
from portfolio.models import FileImport, FileImportRow
from portfolio.models.imports import TAKEN, ImportStatus, RowStatus
from portfolio.portfolios import find_portfolio


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows stand how; ``taken`` would be booked now."""

    ready: int
    duplicate: int
    problem: int
    skipped: int
    taken: int

    def of(self, status: str) -> int:
        return int(getattr(self, status))


def working_total(found: FileImport, counts: RowCounts) -> int:
    """How many of what is done in ``rows_done`` there are in all; 0 while that is not known."""
    if found.status == ImportStatus.COMMITTING:
        return counts.taken
    if found.status == ImportStatus.REVERSING:
        return found.rows.exclude(entry_id=None).count()
    return found.rows_total if found.status == ImportStatus.PENDING else 0


def find_import(import_id: UUID, user: User, role: Role = Role.OWNER) -> FileImport:
    """Without the file's content.

    Raises:
        ImportNotFound: there is none of that id that the user may see.
        RoleMissing: he may see it, and not do what needs that role.
    """
    visible = FileImport.objects.for_user(user, Role.VIEWER).select_related("created_by")
    found = visible.defer("content").filter(id=import_id).first()
    if found is None:
        raise ImportNotFound
    found.portfolio = find_portfolio(found.portfolio_id, user, role)
    return found


def row_counts(found: FileImport) -> RowCounts:
    counts = found.rows.aggregate(
        taken=Count("id", filter=TAKEN),
        **{status.value: Count("id", filter=Q(status=status)) for status in RowStatus},
    )
    return RowCounts(**counts)


def unknown_names(found: FileImport) -> Mapping[str, Sequence[str]]:
    """What the file calls instruments and portfolios that nobody knows, most frequent first."""
    return {
        "symbols": names_with(found, ("unknown_symbol", "ambiguous_symbol"), is_symbol=True),
        "portfolios": names_with(found, ("unknown_portfolio",), is_symbol=False),
    }


def names_with(found: FileImport, codes: Sequence[str], *, is_symbol: bool) -> list[str]:
    rows = found.rows.filter(status=RowStatus.PROBLEM)
    condition = Q()
    for code in codes:
        condition |= Q(problems__contains=[{"code": code}])
    counted: list[Any] = list(
        rows.filter(condition)
        .values("symbol", "isin", "name", "portfolio_name")
        .annotate(count=Count("id"))
        .order_by("-count", "symbol", "isin", "name", "portfolio_name")[:200]
    )
    names = [
        (one["symbol"] or one["isin"] or one["name"]) if is_symbol else one["portfolio_name"]
        for one in counted
    ]
    return list(dict.fromkeys(name for name in names if name))


def rows_of(found: FileImport, *, status: str | None) -> Any:
    """Rows to be paged by position, without what only reading needs."""
    rows = FileImportRow.objects.filter(file_import=found).select_related("instrument", "portfolio")
    return rows.filter(status=status) if status else rows
