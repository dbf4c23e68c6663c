"""``manage.py up`` as a user runs it: second start, killed parts, Ctrl-C, a taken port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tests.support.desk import (
    ROOT,
    LiveDesk,
    clean_environment,
    free_port,
    is_alive,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAMES = {"postgres", "valkey", "web", "worker", "brokers", "relay", "scheduler", "matcher", "feed"}


def run_up(desk: LiveDesk, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up", *words],
        env=clean_environment(desk.data) | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_says_where_it_is_and_who_may_sign_in(desk: LiveDesk) -> None:
    wait_until(lambda: "Holdfast is up" in desk.log, seconds=60, what="the announcement")
    assert f"http://localhost:{desk.port}" in desk.log
    assert "demo@holdfast.local" in desk.log
    assert set(desk.pids) == NAMES
    for name in ("connection.json", "processes.json"):
        assert (desk.data / name).stat().st_mode & 0o777 == 0o600


def test_a_second_start_finds_the_first(desk: LiveDesk) -> None:
    again = run_up(desk, "--port", str(free_port()))
    assert again.returncode == 1
    assert f"already runs on {desk.data}: http://localhost:{desk.port}" in again.stderr
    assert desk.status("/api/v1/health/ready") == 200


def test_a_taken_port_is_told_before_anything_starts(
    make_live_desk: Callable[..., LiveDesk],
) -> None:
    other = make_live_desk()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.port))
        taken.listen(1)
        refused = run_up(other, "--port", str(other.port))
    assert refused.returncode == 1
    assert f"Port {other.port} of 127.0.0.1 is taken by another program" in refused.stderr
    assert not other.data.joinpath("postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match=f"port was {port}, must be from 1 to 65535"):
        call_command("up", f"--port={port}")


@pytest.mark.parametrize("name", ["matcher", "feed", "worker", "web", "valkey", "postgres"])
def test_what_is_killed_comes_back_and_all_heals(desk: LiveDesk, name: str) -> None:
    old_pid = desk.kill(name)
    desk.wait_until_restarted(name, old_pid=old_pid)
    desk.wait_until_ready(seconds=120)


def test_a_command_finds_the_running_servers(desk: LiveDesk) -> None:
    finished = desk.manage(
        "shell", "-c", "from market.models import Instrument as I; print(I.objects.count())"
    )
    assert int(finished.stdout.split()[-1]) >= 30


def test_the_make_target_leaves_running_servers_running(desk: LiveDesk) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "config.servers", "migrate", "--check"],
        env=clean_environment(desk.data) | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert desk.status("/api/v1/health/live") == 200


def test_no_process_outlives_a_killed_parent_and_data_stays(desk: LiveDesk) -> None:
    with psycopg.connect(desk.connection.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    pids = desk.pids
    desk.kill("up")
    wait_until(lambda: not any(map(is_alive, pids.values())), seconds=40, what=f"{pids} have ended")
    desk.start()
    with psycopg.connect(desk.connection.database_url, autocommit=True) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        connection.execute("DROP TABLE kept")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process(desk: LiveDesk, number: signal.Signals) -> None:
    pids = desk.pids
    assert desk.child is not None
    assert desk.child.pid is not None
    os.kill(desk.child.pid, number)
    assert desk.child.wait(timeout_seconds=40)
    assert desk.child.exit_code == 0
    assert not any(map(is_alive, pids.values()))
    assert not (desk.data / "processes.json").exists()
    assert "was killed" not in desk.log.rpartition("stopping")[2]
