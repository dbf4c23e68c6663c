"""What is in the zip of a takeout, unpacked in memory. Pure.

Nothing is unpacked to disk, and of a zip nothing is read beyond what an import may have.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from portfolio.imports.errors import UnreadableImport
from portfolio.imports.sheets import DAMAGE, files_in, refuse_bomb, unpack
from portfolio.imports.values import Caps

MEMBER: Final = re.compile(
    r"(?:format|account|watchlists|alerts|orders|fills|indices|risk_limits|import_mappings"
    r"|members|share_links|notification_choices|quiet_hours)\.(?:csv|json)"
    r"|portfolios/(?P<folder>[0-9]{2,4}-[a-z0-9-]{1,80})/"
    r"(?P<name>(?:portfolio|activities|lots|positions)\.(?:csv|json))"
)
# Rows are read from whichever of the two says their types.
WANTED: Final = frozenset(
    {
        *("format.json", "watchlists.json", "alerts.json", "indices.csv"),
        *("risk_limits.json", "import_mappings.json"),
    }
)
OF_PORTFOLIO: Final = ("portfolio.json", "activities.csv")
FACTS: Final = ("name", "currency", "lot_method", "booked_actions")
# 1 said no version; it had of alerts only some terms, and neither empty lists nor indices. 2 had
# nothing of what ``own_settings`` writes.
OLDEST: Final = 1
NEWEST: Final = 3  # which ``own_tables`` writes

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PackedPortfolio:
    """One portfolio of a takeout. ``activities`` is a file of them, empty where none happened."""

    folder: str
    facts: dict[str, str]
    activities: bytes


@dataclass(frozen=True, slots=True)
class Takeout:
    """``indices`` is a file of closes, empty where there are none."""

    portfolios: Sequence[PackedPortfolio]
    watchlists: Sequence[Facts] = field(default_factory=list)
    alerts: Sequence[Facts] = field(default_factory=list)
    indices: bytes = b""
    risk_limits: Sequence[Facts] = field(default_factory=list)
    import_mappings: Sequence[Facts] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        things = (self.watchlists, self.alerts, self.risk_limits, self.import_mappings)
        return not (self.portfolios or self.indices or any(things))

    @property
    def rows(self) -> int:
        """How many rows there are besides activities and closes."""
        things = (self.watchlists, self.alerts, self.risk_limits, self.import_mappings)
        return sum(len(one) for one in things)


def open_takeout(content: bytes, allowed: Caps, *, portfolios: int) -> Takeout:
    """Take the zip apart.

    Args:
        portfolios: how many it may hold.

    Raises:
        ImportTooLarge: it is, or a file in it, when unpacked.
        UnreadableImport: it is no takeout, not a whole one, or one of a newer desk.
    """
    files = wanted_files(content, allowed)
    told = table(files, "format")
    version = told[0].get("version") if told else OLDEST
    if not isinstance(version, int) or not OLDEST <= version <= NEWEST:
        raise UnreadableImport(
            f"The zip is of version {str(version)[:20]}; this desk reads {OLDEST} to {NEWEST}."
        )
    folders: dict[str, dict[str, bytes]] = {}
    for name, text in files.items():
        folder, _, inner = name.rpartition("/")
        if folder:
            folders.setdefault(folder, {})[inner] = text
    found = Takeout(
        [packed(folder, inner) for folder, inner in sorted(folders.items())],
        table(files, "watchlists"),
        table(files, "alerts"),
        files.get("indices.csv", b""),
        table(files, "risk_limits"),
        table(files, "import_mappings"),
    )
    if found.is_empty or len(folders) > portfolios:
        raise UnreadableImport(
            f"It holds {len(folders)} portfolios, must hold 1 to {portfolios}, or something else"
            " to bring back."
        )
    return found


def wanted_files(content: bytes, allowed: Caps) -> dict[str, bytes]:
    """By name, those that say what is to be brought back."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = files_in(archive)
            refuse_strangers(members)
            refuse_bomb(members, allowed)
            wanted = [one for one in members if is_wanted(one.filename)]
            names = [one.filename for one in wanted]
            texts = [text for _, text in unpack(archive, wanted, allowed)]
    except DAMAGE as error:
        raise UnreadableImport(f"The zip is damaged or locked: {error}.") from error
    return dict(zip(names, texts, strict=True))


def refuse_strangers(members: Sequence[zipfile.ZipInfo]) -> None:
    """Raises:
    UnreadableImport: a file is in no takeout, or two have one name.
    """
    names = [one.filename for one in members]
    for name in names:
        if not MEMBER.fullmatch(name):
            raise UnreadableImport(f"{name[:80]!r} is in no takeout of Holdfast.")
    if len(set(names)) < len(names):
        raise UnreadableImport("The zip holds two files of one name.")


def is_wanted(name: str) -> bool:
    return name in WANTED or (name.startswith("portfolios/") and name.endswith(OF_PORTFOLIO))


def table(files: Mapping[str, bytes], name: str) -> list[Facts]:
    """The rows of a table; none where the file is not there."""
    content = files.get(f"{name}.json")
    if content is None:
        return []
    try:
        rows: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableImport(f"{name}.json says nothing usable.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableImport(f"{name}.json says nothing usable.")
    return rows


def packed(folder: str, files: Mapping[str, bytes]) -> PackedPortfolio:
    """Raises:
    UnreadableImport: what it says of the portfolio is missing or unusable.
    """
    if "portfolio.json" not in files:
        raise UnreadableImport(f"{folder} has no portfolio.json.")
    rows = table(files, "portfolio")
    chosen = {name: rows[0].get(name) for name in FACTS} if len(rows) == 1 else {}
    facts = {name: value for name, value in chosen.items() if isinstance(value, str)}
    if len(facts) < len(FACTS):
        raise UnreadableImport(f"{folder}/portfolio.json says nothing usable.")
    name = folder.removeprefix("portfolios/")
    return PackedPortfolio(name, facts, files.get("activities.csv", b""))
