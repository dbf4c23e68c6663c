"""One set of words for each process, on one machine and on servers."""

from pathlib import Path

import pytest
import yaml

from config.env import BadEnvironment, Environment
from config.run import PROGRAMS, web
from config.supervision.addresses import Address
from config.supervision.programs import build_child, desk_programs
from tests.support.desk import ROOT

OF_OTHERS = {"nginx", "postgres", "valkey"}


def test_compose_runs_what_up_runs() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    data = Path("data")
    children = [build_child("prepare", data=data)] + [
        program.child for program in desk_programs(Address("127.0.0.1", 1), data=data)
    ]
    ours = {tuple(child.command[1:]) for child in children}
    theirs = {
        tuple(service["command"][1:]) for name, service in services.items() if name not in OF_OTHERS
    }
    assert theirs == ours
    assert {words[-1] for words in ours} == set(PROGRAMS)


@pytest.mark.parametrize("server", ["daphne", "granian", "uvicorn"])
def test_the_environment_chooses_the_web_server(server: str) -> None:
    command = web(Environment({"WEB_SERVER": server, "HOST": "::1", "PORT": "81"}))
    assert command[:2] == ["-m", server]
    assert "::1" in command
    assert "81" in command


def test_an_unknown_web_server_is_refused() -> None:
    with pytest.raises(BadEnvironment, match="one of daphne, granian, uvicorn"):
        web(Environment({"WEB_SERVER": "apache"}))
