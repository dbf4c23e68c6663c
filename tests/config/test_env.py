from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.env import BadEnvironment, Environment, hide_password, postgres_settings

Read = Callable[[Environment], object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1", True, id="one"),
        pytest.param("Yes", True, id="yes in any case"),
        pytest.param(" off ", False, id="blanks around"),
        pytest.param("", True, id="empty counts as absent"),
    ],
)
def test_it_reads_truth(text: str, expected: bool) -> None:
    assert Environment({"X": text}).boolean("X", default=True) is expected


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda env: env.boolean("X", default=False), id="truth"),
        pytest.param(lambda env: env.integer("X", default=1, minimum=0, maximum=9), id="integer"),
        pytest.param(
            lambda env: env.decimal(
                "X", default=Decimal(1), minimum=Decimal(0), maximum=Decimal(9)
            ),
            id="decimal",
        ),
        pytest.param(lambda env: env.choice("X", default="a", choices=("a", "b")), id="choice"),
        pytest.param(lambda env: env.postgres_url("X"), id="PostgreSQL address"),
        pytest.param(lambda env: env.redis_url("X"), id="Valkey address"),
    ],
)
@pytest.mark.parametrize("nonsense", ["maybe", "NaN", "1_0", "٣", "99999999999999999999", "-"])
def test_nonsense_stops_the_start(read: Read, nonsense: str) -> None:
    with pytest.raises(BadEnvironment, match="X was"):
        read(Environment({"X": nonsense}))


def test_a_required_text_must_be_there() -> None:
    with pytest.raises(BadEnvironment, match="SECRET_KEY is not set"):
        Environment({"SECRET_KEY": "  "}).required_text("SECRET_KEY")


@given(st.integers(min_value=-5, max_value=5))
def test_integers_outside_their_range_are_refused(number: int) -> None:
    env = Environment({"X": str(number)})
    if 0 <= number <= 3:
        assert env.integer("X", default=9, minimum=0, maximum=3) == number
    else:
        with pytest.raises(BadEnvironment, match="from 0 to 3"):
            env.integer("X", default=9, minimum=0, maximum=3)


def test_lists_drop_what_is_empty() -> None:
    assert Environment({"X": " a, ,b,"}).words("X") == ["a", "b"]
    assert Environment({}).words("X", default=("c",)) == ["c"]


def test_folders_become_absolute() -> None:
    found = Environment({"X": "some/folder"}).path("X", default=Path("other"))
    assert found == Path.cwd() / "some/folder"


def test_a_postgres_address_becomes_djangos_settings() -> None:
    found = postgres_settings("postgresql://bob:a%40b@db.example:6432/desk?sslmode=require")
    assert found["USER"] == "bob"
    assert found["PASSWORD"] == "a@b"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "6432", "desk")
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_a_postgres_address_may_name_a_folder_with_a_socket() -> None:
    found = postgres_settings("postgresql://bob@/desk?host=%2Frun%2Fpg")
    assert (found["HOST"], found["PORT"]) == ("/run/pg", "")


def test_a_refused_address_hides_its_password() -> None:
    with pytest.raises(BadEnvironment) as caught:
        Environment({"X": "mysql://bob:hush@host/db"}).postgres_url("X")
    assert "hush" not in str(caught.value)
    assert hide_password("redis://:hush@host") == "redis://:***@host"


def test_chains_are_read_in_order() -> None:
    found = Environment({"CHAINS": "*=a, XNAS:AAPL=b>a"}).chains("CHAINS", known=("a", "b"))
    assert found == {"*": ["a"], "XNAS:AAPL": ["b", "a"]}
    assert Environment({}).chains("CHAINS", known=("a",)) == {}


@pytest.mark.parametrize("text", ["a", "=a", "*=", "*=c", "*=a>a", "*=a, *=b"])
def test_chains_that_make_no_sense_stop_the_start(text: str) -> None:
    with pytest.raises(BadEnvironment):
        Environment({"CHAINS": text}).chains("CHAINS", known=("a", "b"))
