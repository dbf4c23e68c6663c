"""The order in which workers take tests."""

from pathlib import Path

from tests.support.desk import ROOT
from tests.support.schedule import ALONE, UNITS, place_of, unit_of


def test_every_unit_names_tests_that_exist() -> None:
    named = [path for paths in (*UNITS.values(), ALONE) for path in paths]
    assert [path for path in named if not Path(ROOT, path).exists()] == []


def test_a_test_belongs_to_the_unit_that_names_it_most_closely() -> None:
    assert unit_of("tests/browser/test_pages.py::test_a_theme_stays_chosen") == "browser"
    assert unit_of("tests/browser/test_mailed_links.py::test_x[a]") == "desk that is killed"


def test_any_other_test_is_a_unit_by_itself() -> None:
    for nodeid in ("tests/accounts/test_x.py::test_y", f"{ALONE[0]}::test_y"):
        assert unit_of(nodeid) == nodeid


def test_units_begin_first_and_keep_the_order_of_their_paths() -> None:
    up, kill = "tests/config/test_up.py::test_x", "tests/trading/test_kill.py::test_x"
    page, other = "tests/browser/test_pages.py::test_x", "tests/accounts/test_x.py::test_x"
    assert sorted([other, up, kill, page], key=place_of) == [page, kill, up, other]
