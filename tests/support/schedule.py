"""Pytest plugin: which tests stay together on one worker, and which begin first.

What takes longest begins first, so that no worker is left alone with it at the end. Tests that
share a running desk make one unit, because a second worker would start a second desk for its
share. Every other test is a unit by itself, in the order of the collection.

Units are told by the paths of tests, because the scheduler knows nothing else of them: since
pytest 9.2 xdist can no longer write the mark ``xdist_group`` into their ids.
"""

from __future__ import annotations

import os
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Longest first, save one. None may flush the database, because what needs its rows runs afterwards.
UNITS: Final[dict[str, tuple[str, ...]]] = {
    "browser": ("tests/browser/",),
    # It needs no tables, which the other worker makes meanwhile.
    "clean clone": ("tests/config/test_clean_clone.py",),
    "matrix of pages": ("tests/authorisation/test_pages_matrix.py",),
    # What stops it comes last.
    "desk that is killed": (
        *("tests/browser/test_mailed_links.py", "tests/trading/test_kill.py"),
        *("tests/trading/test_stop_kill.py", "tests/config/test_daphne.py"),
        *("tests/fuzzing/", "tests/config/test_up.py"),
    ),
    "matrix of the API": ("tests/authorisation/test_api_matrix.py",),
    "oldest client": ("tests/integrations/alpaca_api/test_oldest_client.py",),
}
# It serves pages from the test's own database, which it flushes.
ALONE: Final = ("tests/browser/test_api_docs.py",)


def unit_of(nodeid: str) -> str:
    """Return the unit of a test: that of the longest path it begins with, else its own id."""
    found = {path: name for name, paths in UNITS.items() for path in paths}
    found |= dict.fromkeys(ALONE, nodeid)
    matching = [path for path in found if nodeid.startswith(path)]
    return found[max(matching, key=len)] if matching else nodeid


def place_of(nodeid: str) -> tuple[int, int]:
    """Where a test stands: units in their order, and in a unit the tests of each path in turn."""
    unit = unit_of(nodeid)
    if unit not in UNITS:
        return len(UNITS), 0
    paths = UNITS[unit]
    closest = max(filter(nodeid.startswith, paths), key=len)
    return list(UNITS).index(unit), paths.index(closest)


class UnitScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker that runs out of tests the next unit."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> UnitScheduling | None:
    """Where tests are given to workers in groups; every other way of xdist stays what it is."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # our order counts, not how many tests a unit has
    return UnitScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the units first, longest first; a worker takes tests in the order it collected them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: place_of(item.nodeid))
