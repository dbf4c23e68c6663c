"""Every claim of docs/invariants.md names a test and a probe that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from portfolio.bookkeeping.probes import PROBES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "invariants.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| [A-Z]+\d+ \|", line)
]


def test_there_are_claims_and_each_has_an_id_of_its_own() -> None:
    ids = [row[0] for row in ROWS]
    assert len(ids) > 15
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_its_test_and_its_probe_exist(row: list[str]) -> None:
    named = re.findall(r"`(\S+\.py)::(\w+)`", row[3])
    assert len(named) == row[3].count("`") // 2 > 0, "a test is named as `file.py::test`"
    for path, name in named:
        assert f"def {name}(" in (ROOT / "tests" / path).read_text()
    for probe in re.findall(r"`(\w+)[^`]*`", row[4]):
        assert probe in PROBES or probe in get_commands()


def test_every_probe_guards_a_claim() -> None:
    assert [view for view in PROBES if view not in PAGE] == []
