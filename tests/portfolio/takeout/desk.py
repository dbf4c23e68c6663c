"""Exports of everything, written and brought back."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from integrations.exports.requesting import NewExport, request_export
from market.models import Watchlist
from portfolio.imports.commits import commit_import
from portfolio.models import FileImport, Portfolio, PortfolioKind
from portfolio.portfolios import open_portfolio
from portfolio.takeout.own_things import Brought
from portfolio.takeout.restoring import restore
from tests.integrations.exports.desk import written

SYMBOLS: Final = ("AAPL", "MSFT", "NVDA", "TSLA")


def open_tracked(owner: User, name: str = "Ten years", **facts: Any) -> Portfolio:
    return open_portfolio(
        owner=owner,
        name=name,
        kind=PortfolioKind.TRACKED,
        currency="USD",
        starting_cash=None,
        opened_at=timezone.now(),
        **facts,
    )


def files_of(owner: User) -> dict[str, bytes]:
    """What an export of everything holds."""
    now = timezone.now()
    export = request_export(owner=owner, wanted=NewExport.of_everything(at=now), requested_at=now)
    export = written(export, at=now)
    assert (export.status, export.error) == ("completed", "")
    paths = export.files.values_list("path", flat=True)
    return {path: (export.folder / path).read_bytes() for path in paths}


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def brought_back(owner: User, content: bytes) -> list[Portfolio]:
    made = restore(owner=owner, content=content, file_name="all.zip", restored_at=timezone.now())
    for one in made.portfolios:
        if one.taken_in is not None:
            found = FileImport.objects.get(id=one.taken_in.id)
            problems = found.rows.exclude(status="ready").values_list("raw", "problems", "status")
            assert list(problems) == []
            commit_import(found=found, committed_at=timezone.now())
    return [one.portfolio for one in made.portfolios]


def back(owner: User, files: dict[str, bytes]) -> Brought:
    content = zip_of(files)
    now = timezone.now()
    return restore(owner=owner, content=content, file_name="a.zip", restored_at=now).brought


def items_of(owner: User, name: str) -> list[tuple[str, str]]:
    found = Watchlist.objects.get(owner=owner, name=name).items.order_by("position")
    return list(found.values_list("instrument__symbol", "note"))
