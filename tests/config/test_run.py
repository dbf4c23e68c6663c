"""One set of words for each process, on one machine and on servers."""

from pathlib import Path

import pytest
import yaml

from config.env import BadEnvironment, Environment
from config.limits import LIMITS
from config.run import PROGRAMS, THREADS_MINIMUM, WEB_WORKERS_BY_DEFAULT_MAXIMUM, web
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


def test_threads_and_waiting_requests_are_shared_out_to_the_processes() -> None:
    alone = granian_of(WEB_WORKERS="1")
    assert alone["--blocking-threads"] == LIMITS.request_threads
    assert alone["--backpressure"] == LIMITS.request_queue
    two = granian_of(WEB_WORKERS="2")
    assert two["--workers"] == 2
    assert two["--blocking-threads"] == LIMITS.request_threads / 2
    assert two["--backpressure"] == LIMITS.request_queue / 2
    assert granian_of(WEB_WORKERS="8")["--blocking-threads"] == THREADS_MINIMUM


def test_there_are_as_many_processes_as_cores_but_not_of_a_large_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cores, workers in [(1, 1), (2, 2), (None, 1), (64, WEB_WORKERS_BY_DEFAULT_MAXIMUM)]:
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert granian_of()["--workers"] == workers


def granian_of(**environment: str) -> dict[str, int]:
    words = web(Environment({"WEB_SERVER": "granian", **environment}))
    return {
        word: int(words[place + 1])
        for place, word in enumerate(words)
        if word in {"--workers", "--blocking-threads", "--backpressure"}
    }


@pytest.mark.parametrize("workers", ["0", "65", "two"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(workers: str) -> None:
    with pytest.raises(BadEnvironment, match="WEB_WORKERS"):
        web(Environment({"WEB_SERVER": "granian", "WEB_WORKERS": workers}))


def test_an_unknown_web_server_is_refused() -> None:
    with pytest.raises(BadEnvironment, match="one of daphne, granian, uvicorn"):
        web(Environment({"WEB_SERVER": "apache"}))
