"""A takeout brought back: each portfolio in it as a new tracked one, its activities on their way.

Nothing is unpacked to disk, and of a zip nothing is read beyond what an import may have.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.models import User
from portfolio.imports.errors import UnreadableImport
from portfolio.imports.previews import caps, start_import
from portfolio.imports.sheets import DAMAGE, refuse_beyond, refuse_bomb, unpack
from portfolio.imports.values import Caps
from portfolio.models import FileImport, Portfolio, PortfolioKind
from portfolio.portfolios import open_portfolio

MEMBER: Final = re.compile(
    r"(?:account|watchlists|alerts|orders|fills)\.(?:csv|json)"
    r"|portfolios/(?P<folder>[0-9]{2,4}-[a-z0-9-]{1,80})/"
    r"(?P<name>(?:portfolio|activities|lots|positions)\.(?:csv|json))"
)
FACTS: Final = ("name", "currency", "lot_method", "booked_actions")
PROFILE: Final = "holdfast"


@dataclass(frozen=True, slots=True)
class PackedPortfolio:
    """One portfolio of a takeout. ``activities`` is a file of them, empty where none happened."""

    facts: dict[str, str]
    activities: bytes


@dataclass(frozen=True, slots=True)
class Restored:
    """A portfolio that was opened, and its activities on their way in; none where none happened."""

    portfolio: Portfolio
    taken_in: FileImport | None


@transaction.atomic
def restore(
    *, owner: User, content: bytes, file_name: str, restored_at: datetime
) -> list[Restored]:
    """Open a tracked portfolio for each in the zip, and take its activities in as an import.

    Raises:
        ImportTooLarge: the file is larger than is taken in at once.
        UnreadableImport: it is no takeout of this desk's kind, or not a whole one.
        PortfolioRefused: what a portfolio of it is to be makes no sense.
        AllowanceExceeded: the owner's tier includes no further portfolio.
    """
    allowed = caps()
    refuse_beyond("bytes", len(content), allowed.bytes)
    made = []
    for packed in packed_portfolios(content, allowed):
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
        made.append(Restored(portfolio, taken_in))
    return made


def packed_portfolios(content: bytes, allowed: Caps) -> list[PackedPortfolio]:
    """Raises:
    UnreadableImport: see ``restore``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            refuse_strangers(members)
            refuse_bomb(members, allowed)
            wanted = [one for one in members if is_wanted(one.filename)]
            names = [one.filename for one in wanted]
            found = [text for _, text in unpack(archive, wanted, allowed)]
    except DAMAGE as error:
        raise UnreadableImport(f"The zip is damaged or locked: {error}.") from error
    folders: dict[str, dict[str, bytes]] = {}
    for name, text in zip(names, found, strict=True):
        folder, _, inner = name.rpartition("/")
        folders.setdefault(folder, {})[inner] = text
    most: int = settings.LIMITS.imports_open
    if not 1 <= len(folders) <= most:
        raise UnreadableImport(f"It holds {len(folders)} portfolios, must hold 1 to {most}.")
    return [packed(folder, inner) for folder, inner in sorted(folders.items())]


def refuse_strangers(members: Sequence[zipfile.ZipInfo]) -> None:
    names = [one.filename for one in members]
    for name in names:
        if not MEMBER.fullmatch(name):
            raise UnreadableImport(f"{name[:80]!r} is in no takeout of Holdfast.")
    if len(set(names)) < len(names):
        raise UnreadableImport("The zip holds two files of one name.")


def is_wanted(name: str) -> bool:
    return name.startswith("portfolios/") and name.endswith(("portfolio.json", "activities.csv"))


def packed(folder: str, files: dict[str, bytes]) -> PackedPortfolio:
    if "portfolio.json" not in files:
        raise UnreadableImport(f"{folder} has no portfolio.json.")
    try:
        told: Any = json.loads(files["portfolio.json"])
        (facts,) = told
        chosen = {name: facts[name] for name in FACTS}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableImport(f"{folder}/portfolio.json says nothing usable.") from error
    if not all(isinstance(value, str) for value in chosen.values()):
        raise UnreadableImport(f"{folder}/portfolio.json says nothing usable.")
    return PackedPortfolio(chosen, files.get("activities.csv", b""))
