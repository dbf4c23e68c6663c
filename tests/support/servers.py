"""Pytest plugin: the embedded servers of one test run, up before Django reads its settings.

One PostgreSQL serves the run; each xdist worker has its own test database in it, and a Valkey
of its own, because pub/sub knows no databases.
"""

import base64
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from config.embedded import DataFolder, EmbeddedServers
from config.servers.child import Child
from config.servers.valkey import Valkey

FOLDER_VARIABLE: Final = "HOLDFAST_TEST_FOLDER"
READY_SECONDS: Final = 20

_servers: list[EmbeddedServers] = []
_children: list[Child] = []
_folders: list[Path] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    if "PYTEST_XDIST_WORKER" in os.environ:
        start_valkey_of_worker(os.environ["PYTEST_XDIST_WORKER"])
    elif "ADMIN_DATABASE_URL" not in os.environ:
        start_servers_of_run()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    for child in _children:
        child.stop(timeout_seconds=5)
    for servers in _servers:
        servers.stop()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def start_servers_of_run() -> None:
    folder = Path(tempfile.mkdtemp(prefix="holdfast-tests-"))
    # PostgreSQL may run as another user, who must be able to pass.
    folder.chmod(0o711)
    _folders.append(folder)
    servers = EmbeddedServers(folder, is_durable=False)
    _servers.append(servers)
    connection = servers.start()
    with psycopg.connect(connection.admin_database_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE holdfast CREATEDB")
    os.environ[FOLDER_VARIABLE] = str(folder)
    os.environ["HOLDFAST_DATA"] = str(folder)
    os.environ["DATABASE_URL"] = connection.database_url
    os.environ["ADMIN_DATABASE_URL"] = connection.admin_database_url
    os.environ["REDIS_URL"] = connection.redis_url
    os.environ["SECRET_KEY"] = servers.folder.secret("django_secret_key")
    os.environ["VAULT_KEYS"] = f"tests:{base64.b64encode(os.urandom(32)).decode()}"
    os.environ["HTTPS"] = "no"


def start_valkey_of_worker(worker: str) -> None:
    folder = DataFolder(Path(os.environ[FOLDER_VARIABLE]) / worker)
    folder.create()
    folder.sockets_path.mkdir(exist_ok=True)
    valkey = Valkey(folder)
    child = valkey.prepare()
    child.start()
    _children.append(child)
    deadline = time.monotonic() + READY_SECONDS
    while not valkey.is_ready():
        assert child.is_running, child.log_tail()
        assert time.monotonic() < deadline, child.log_tail()
        time.sleep(0.02)
    os.environ["HOLDFAST_DATA"] = str(folder.path)
    os.environ["REDIS_URL"] = folder.connection().redis_url
