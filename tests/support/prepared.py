"""Data folders made once in a test run and copied for each desk, which so starts in seconds."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.embedded import EmbeddedServers
from tests.support.desk import ROOT, clean_environment
from tests.support.migrated import MigratedOnce

PREPARING_SECONDS: Final = 400  # far beyond what it takes, for machines that do much else


@dataclass(frozen=True, slots=True)
class PreparedFolders:
    """One with tables alone, and one with the sample and the demo login as well.

    Workers of one run share them; whoever needs one first makes it while the others wait.
    That a start makes the tables too shows where a clean clone is started.
    """

    base: Path
    migrated: MigratedOnce

    def copy_to(self, data: Path, *, has_sample: bool) -> None:
        copy(self._find(has_sample=has_sample), data)

    def _find(self, *, has_sample: bool) -> Path:
        with self._locked():
            tables, sample = self.base / "tables", self.base / "sample"
            if not tables.exists():
                self._make(tables, demo="no")
            if has_sample and not sample.exists():
                self._make(sample, demo="yes", begin_with=tables)
        return sample if has_sample else tables

    def _make(self, path: Path, *, demo: str, begin_with: Path | None = None) -> None:
        """Prepare a folder as a start does; it gets its name when it is whole."""
        draft = path.with_suffix(".draft")
        if begin_with is not None:
            copy(begin_with, draft)
        elif self.migrated.has_tables():
            self._copy_tables(draft)
        finished = subprocess.run(
            [sys.executable, "-m", "config.servers", "prepare"],
            env=clean_environment(draft) | {"DEMO": demo},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PREPARING_SECONDS,
            check=False,
        )
        assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
        draft.rename(path)

    def _copy_tables(self, data: Path) -> None:
        servers = EmbeddedServers(data, is_durable=False)
        try:
            self.migrated.copy_to(servers.start().admin_database_url)
        finally:
            servers.stop()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.base.mkdir(mode=0o711, exist_ok=True)
        with (self.base / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def copy(source: Path, target: Path) -> None:
    """With owners and modes: the database's files belong to the user it runs as."""
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)
