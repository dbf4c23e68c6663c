"""What every test has: no network beyond this machine, and a Valkey without yesterday's keys."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.support.desk import LiveDesk
from tests.support.migrated import MigratedOnce
from tests.support.prepared import PreparedFolders
from tests.support.processes import StartProcess, processes_of_a_test
from tests.support.servers import FOLDER_VARIABLE

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


class NetworkForbidden(RuntimeError):
    """A test tried to leave this machine."""


def is_local(address: Any) -> bool:
    """Whether a socket address is a Unix socket or on the loopback interface."""
    if isinstance(address, (str, bytes)):
        return True
    host = str(address[0])
    if host in {"", "localhost"}:
        return True
    try:
        return ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    yield
    patch.undo()


def guarded(connect: Any) -> Any:
    def connect_on_this_machine(self: socket.socket, address: Any) -> Any:
        if not is_local(address):
            raise NetworkForbidden(f"Tests stay on this machine; {address} is not on it.")
        return connect(self, address)

    return connect_on_this_machine


@pytest.fixture(autouse=True)
def empty_valkey() -> Iterator[None]:
    """Leave nothing in Valkey for the next test."""
    yield
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """Return what starts a process of the desk on the database of the test."""
    with processes_of_a_test() as start:
        yield start


@pytest.fixture(scope="session")
def migrated_once() -> MigratedOnce:
    return MigratedOnce()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, migrated_once: MigratedOnce
) -> None:
    migrated_once.before()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, migrated_once: MigratedOnce
) -> None:
    with django_db_blocker.unblock():
        migrated_once.after()


@pytest.fixture(scope="session")
def desks_folder() -> Iterator[Path]:
    """Where desks keep their data."""
    # Not pytest's own folder: its name is too long for sockets and closed to PostgreSQL's user.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-desks-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared(
    request: pytest.FixtureRequest, desks_folder: Path, migrated_once: MigratedOnce
) -> PreparedFolders:
    """Data folders for desks to begin with, the same for all workers of a run."""
    if migrated_once.is_one_of_many:
        request.getfixturevalue("django_db_setup")  # whose tables they have
    folder = Path(os.environ.get(FOLDER_VARIABLE, desks_folder)) / "prepared"
    return PreparedFolders(folder, migrated_once)


@pytest.fixture(scope="session")
def make_live_desk(
    desks_folder: Path, prepared: PreparedFolders
) -> Iterator[Callable[..., LiveDesk]]:
    """Return a maker of desks, each with data and servers of its own, not started.

    They have the sample and the demo login unless they are made with ``DEMO="no"``.
    """
    desks: list[LiveDesk] = []

    def make(**environment: str) -> LiveDesk:
        fill = partial(prepared.copy_to, has_sample=environment.get("DEMO") != "no")
        data = desks_folder / f"desk{len(desks)}"
        desks.append(LiveDesk(data, environment=environment, before_first_start=fill))
        return desks[-1]

    yield make
    for desk in desks:
        desk.stop()


@pytest.fixture(scope="session")
def lasting_desk(make_live_desk: Callable[..., LiveDesk]) -> LiveDesk:
    """One whose addresses are confirmed by mail, for all that stop or kill what runs."""
    return make_live_desk(EMAIL_VERIFICATION="mandatory")


@pytest.fixture
def desk(lasting_desk: LiveDesk) -> LiveDesk:
    """A running desk with the sample and the demo login, whatever became of it before."""
    if not lasting_desk.is_running:
        lasting_desk.start()
    return lasting_desk
