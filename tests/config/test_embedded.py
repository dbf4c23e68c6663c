"""Real servers, started and stopped; each test has a data folder of its own."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import AlreadyRunning, EmbeddedServers, EmbeddedServersError, running_servers
from config.servers import postgres, privileges, valkey
from config.servers.privileges import RunAs
from tests.support.desk import is_alive, wait_until

PATIENCE_SECONDS = 20


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[EmbeddedServers]:
    servers = EmbeddedServers(tmp_path / "data", is_durable=False)
    yield servers
    servers.stop()


def answer(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_both_servers_answer(servers: EmbeddedServers) -> None:
    connection = servers.start()
    assert str(answer(connection.database_url, "SHOW server_version")).startswith("18")
    assert answer(connection.database_url, "SHOW server_encoding") == "UTF8"
    with redis.Redis.from_url(connection.redis_url) as client:
        assert str(client.info()["server_name"]) == "valkey"


def test_the_application_is_no_superuser_and_owns_its_database(servers: EmbeddedServers) -> None:
    connection = servers.start()
    rights = "SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = '{}'"
    assert answer(connection.database_url, rights.format("holdfast")) is False
    assert answer(connection.admin_database_url, rights.format("postgres")) is True
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert answer(connection.database_url, owner) == "holdfast"


def test_nobody_enters_without_the_password(servers: EmbeddedServers) -> None:
    connection = servers.start()
    password = servers.folder.secret("postgres_holdfast")
    with pytest.raises(psycopg.OperationalError, match="password"):
        answer(connection.database_url.replace(password, "guess"), "SELECT 1")


def test_the_disk_is_waited_for_outside_of_tests(tmp_path: Path) -> None:
    with running_servers(tmp_path / "data") as connection:
        assert answer(connection.database_url, "SHOW fsync") == "on"
        assert answer(connection.database_url, "SHOW synchronous_commit") == "on"


def test_data_survives_a_restart(servers: EmbeddedServers) -> None:
    connection = servers.start()
    execute(connection.database_url, "CREATE TABLE kept AS SELECT 7 AS n")
    servers.stop()
    assert not servers.folder.is_locked()
    assert answer(servers.start().database_url, "SELECT n FROM kept") == 7


def test_a_second_start_names_the_first(servers: EmbeddedServers) -> None:
    servers.start(address="http://localhost:9")
    with pytest.raises(AlreadyRunning, match="http://localhost:9"):
        EmbeddedServers(servers.folder.path).start()


def test_a_command_uses_servers_that_are_up(servers: EmbeddedServers) -> None:
    connection = servers.start()
    with running_servers(servers.folder.path) as used:
        assert used == connection
    assert servers.postgres.is_ready()


def test_a_start_after_kill_minus_nine_is_not_blocked(servers: EmbeddedServers) -> None:
    connection = servers.start()
    execute(connection.database_url, "CREATE TABLE kept AS SELECT 7 AS n")
    for child in servers.children.values():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    servers.stop()
    assert (servers.postgres.cluster_path / "postmaster.pid").exists()
    assert answer(servers.start().database_url, "SELECT n FROM kept") == 7


def test_servers_end_with_the_process_that_runs_them(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:  # the child must not return into pytest, whatever happens
        try:
            servers = EmbeddedServers(tmp_path / "data", is_durable=False)
            servers.start()
            text = ",".join(str(child.pid) for child in servers.children.values())
            os.write(writing, text.encode())
            time.sleep(60)
        finally:
            os._exit(1)
    os.close(writing)
    pids = [int(pid) for pid in os.read(reading, 100).decode().split(",")]
    assert all(map(is_alive, pids))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    wait_until(
        lambda: not any(map(is_alive, pids)), seconds=PATIENCE_SECONDS, what="both have ended"
    )


def test_a_cut_off_initdb_is_repeated(servers: EmbeddedServers) -> None:
    draft = servers.folder.postgres_path / "18.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18")
    servers.start()
    assert servers.postgres.is_ready()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")
def test_as_root_postgres_runs_as_another_user_even_in_a_closed_folder(
    servers: EmbeddedServers, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    servers.start()
    run_as = servers.postgres.run_as
    assert run_as.user_id not in {None, 0}
    assert run_as.capabilities in {
        (privileges.CAP_DAC_READ_SEARCH,),
        (privileges.CAP_DAC_OVERRIDE,),
    }
    status = Path(f"/proc/{servers.children['postgres'].pid}/status").read_text()
    uid_line = next(line for line in status.splitlines() if line.startswith("Uid:"))
    assert uid_line.split()[1:] == [str(run_as.user_id)] * 4
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")
def test_in_an_open_folder_postgres_keeps_no_capability(make_open_folder: Path) -> None:
    servers = EmbeddedServers(make_open_folder / "data", is_durable=False)
    try:
        servers.start()
        assert servers.postgres.run_as.capabilities == ()
    finally:
        servers.stop()


@pytest.fixture
def make_open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hf-open-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_missing_wheel_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServersError, match="Set DATABASE_URL and REDIS_URL"):
        postgres.find_programs()
    monkeypatch.setattr(valkey, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServersError, match="Set DATABASE_URL and REDIS_URL"):
        valkey.find_program()


def test_a_server_that_cannot_start_shows_its_log(
    servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(servers.postgres.settings, "shared_buffers", "a lot")
    with pytest.raises(EmbeddedServersError, match="shared_buffers"):
        servers.start()
    assert not servers.folder.is_locked()


def test_an_ordinary_user_is_himself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = privileges.choose_user(cluster=tmp_path, programs=tmp_path)
    assert found == RunAs(user_id=None)
