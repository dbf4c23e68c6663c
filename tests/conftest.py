"""What every test has: no network beyond this machine, and a Valkey without yesterday's keys."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
import redis
from django.conf import settings


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
