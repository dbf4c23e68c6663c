import json
import os
import stat
import threading
from pathlib import Path

import pytest

from config.servers.data_folder import AlreadyRunning, DataFolder, EmbeddedServersError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_private(folder: DataFolder) -> None:
    secret = folder.secret("key")
    assert len(secret) >= 50
    assert folder.secret("key") == secret
    assert mode_of(folder.secrets_path / "key") == 0o600


def test_racing_processes_agree_on_a_secret(folder: DataFolder) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(folder.secret("key"))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {folder.secret("key")}


def test_sockets_fit_their_address(folder: DataFolder) -> None:
    assert folder.sockets_path == folder.path / "run"
    deep = DataFolder(folder.path / ("x" * 200))
    assert len(os.fsencode(deep.sockets_path / ".s.PGSQL.5432")) <= 103
    other = DataFolder(folder.path / ("y" * 200))
    assert deep.sockets_path != other.sockets_path


def test_connection_data_is_private_and_needs_a_running_process(folder: DataFolder) -> None:
    connection = folder.build_connection(pid=7, address="http://localhost:1")
    folder.write_connection(connection)
    assert mode_of(folder.path / "connection.json") == 0o600
    assert folder.running_connection() is None
    with folder.lock():
        assert folder.running_connection() == connection
    assert folder.running_connection() is None


def test_a_second_lock_names_the_first(folder: DataFolder) -> None:
    with folder.lock():
        folder.write_connection(folder.build_connection(pid=7, address="http://localhost:1234"))
        with pytest.raises(AlreadyRunning, match=r"http://localhost:1234 \(process 7\)"):
            folder.lock()


def test_a_torn_connection_file_is_no_connection(folder: DataFolder) -> None:
    (folder.path / "connection.json").write_text(json.dumps({"pid": 1})[:-3])
    with folder.lock(), pytest.raises(AlreadyRunning, match="starting or stopping"):
        folder.lock()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServersError, match="cannot be written"):
        DataFolder(tmp_path / "file" / "data").create()
