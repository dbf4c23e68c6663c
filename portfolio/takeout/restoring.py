"""A takeout brought back: each portfolio in it as a new tracked one, its activities on their way.

Watchlists, alerts, indices, limits of the X-ray and mappings of files join those that he has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from portfolio.imports.previews import caps, start_import, tidy_name
from portfolio.imports.sheets import refuse_beyond
from portfolio.models import FileImport, Portfolio, PortfolioKind
from portfolio.portfolios import open_portfolio
from portfolio.takeout.members import PackedPortfolio, open_takeout
from portfolio.takeout.own_things import Brought, bring_back

PROFILE: Final = "holdfast"


@dataclass(frozen=True, slots=True)
class Restored:
    """A portfolio that was opened, and its activities on their way in; none where none happened."""

    portfolio: Portfolio
    taken_in: FileImport | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """What came of a takeout."""

    portfolios: Sequence[Restored]
    brought: Brought


@transaction.atomic
def restore(*, owner: User, content: bytes, file_name: str, restored_at: datetime) -> Restoration:
    """Open a tracked portfolio for each in the zip, and take its activities in as an import.

    Watchlists, alerts and indices come back beside what the owner has, as far as his tier
    includes them; what does not is named in the answer.

    Raises:
        ImportTooLarge: the file is larger than is taken in at once.
        UnreadableImport: it is no takeout of this desk's kind, or not a whole one.
        PortfolioRefused: what a portfolio of it is to be makes no sense.
        AllowanceExceeded: the owner's tier includes no further portfolio.
    """
    allowed = caps()
    refuse_beyond("bytes", len(content), allowed.bytes)
    found = open_takeout(content, allowed, portfolios=settings.LIMITS.imports_open)
    refuse_beyond("watched instruments and alerts", found.rows, settings.LIMITS.takeout_rows)
    made = [restored(owner, one, file_name, restored_at) for one in found.portfolios]
    opened = {
        packed.folder: one.portfolio.id for packed, one in zip(found.portfolios, made, strict=True)
    }
    brought = bring_back(owner, found, opened, restored_at=restored_at)
    audit.record(
        action="takeout.restored",
        owner_id=owner.id,
        target="user",
        target_id=str(owner.id),
        after={
            "file": tidy_name(file_name),
            "portfolios": len(made),
            "watchlists": brought.watchlists,
            "watched": brought.watched,
            "alerts": brought.alerts,
            "indices": brought.indices,
            "risk_limits": brought.risk_limits,
            "import_mappings": brought.import_mappings,
            "left_out": len(brought.left_out),
        },
        occurred_at=restored_at,
    )
    return Restoration(made, brought)


def restored(
    owner: User, packed: PackedPortfolio, file_name: str, restored_at: datetime
) -> Restored:
    portfolio = open_portfolio(
        owner=owner,
        kind=PortfolioKind.TRACKED,
        starting_cash=None,
        opened_at=restored_at,
        **packed.facts,
    )
    taken_in = None
    if packed.activities:
        taken_in = start_import(
            portfolio=portfolio,
            content=packed.activities,
            file_name=file_name,
            profile=PROFILE,
            created_by=owner,
            created_at=restored_at,
        )
    return Restored(portfolio, taken_in)
