"""Nothing of ours connects to where it must not, however the address is written."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest
from pytest_django import Settings

from integrations import http
from integrations.egress.networks import refused_network
from tests.integrations.egress.ssrf_targets import targets

PUBLIC = "93.184.216.34"
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "metadata.inside.test": ["169.254.169.254"],
    "rebound.inside.test": ["10.0.0.7"],
    "both.inside.test": [PUBLIC, "127.0.0.1"],
    "mapped.inside.test": ["::ffff:127.0.0.1"],
    "desk.example": [PUBLIC],
}
touched: list[Any] = []
watching = [False]


def note_connects(event: str, arguments: tuple[Any, ...]) -> None:
    if watching[0] and event in {"socket.connect", "socket.sendto"}:
        touched.append(arguments[1])


# The interpreter itself tells of each connection, whatever library makes it.
sys.addaudithook(note_connects)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names as the resolver would know them; numbers are left to the real one."""
    names = {name: list(addresses) for name, addresses in NAMES.items()}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **given: Any) -> Any:
        if host in names:
            return [row for it in names[host] for row in real(it, port, **given)]
        return real(host, port, flags=socket.AI_NUMERICHOST, **given)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


@pytest.fixture
def watched() -> Iterator[list[Any]]:
    touched.clear()
    watching[0] = True
    yield touched
    watching[0] = False


def ask(url: str) -> http.Answer:
    return http.send("GET", url, headers={}, seconds=5, size=1000)


def test_no_target_is_ever_touched(resolver: dict[str, list[str]], watched: list[Any]) -> None:
    tried = targets()
    assert len(tried) >= 600
    for url in tried:
        with pytest.raises(http.AddressRefused) as caught:
            ask(url)
        assert not caught.value.may_have_arrived
        assert "secret" not in str(caught.value)
    assert watched == []


def test_addresses_users_give_are_refused_before_they_are_kept() -> None:
    by_name = ("localhost", "inside.test")
    for url in targets():
        if not any(name in url.lower() for name in by_name) and "ⓛ" not in url:
            with pytest.raises(http.AddressRefused):
                http.check_public(url, needs_tls=False)


@pytest.mark.parametrize("port", [22, 25, 53, 81, 1023])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(http.AddressRefused, match=str(port)):
        http.check_public(f"https://desk.example:{port}/", needs_tls=True)


@pytest.mark.parametrize("port", [80, 443, 1024, 65535])
def test_ports_of_web_servers_pass(port: int) -> None:
    assert http.check_public(f"https://desk.example:{port}/", needs_tls=True).port == port


def test_addresses_without_tls_are_refused_where_it_is_needed() -> None:
    with pytest.raises(http.AddressRefused, match="https"):
        http.check_public("http://desk.example/hook", needs_tls=True)


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    resolver: dict[str, list[str]], watched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def connect(backend: object, host: str, port: int, timeout: float) -> None:
        asked.append((host, port))
        resolver["desk.example"] = ["127.0.0.1"]
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(http.RequestFailed) as caught:
        ask("http://desk.example/")
    assert not isinstance(caught.value, http.AddressRefused)
    with pytest.raises(http.AddressRefused, match="loopback"):
        ask("http://desk.example/")
    assert asked == [(PUBLIC, 80)]
    assert watched == []


def test_a_socket_that_ends_up_inside_is_dropped(
    resolver: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a router that translates addresses of others to its own."""

    class Stream(httpcore.NetworkStream):
        is_closed = False

        def get_extra_info(self, info: str) -> Any:
            return ("10.0.0.9", 80)

        def close(self) -> None:
            Stream.is_closed = True

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_: Stream())
    with pytest.raises(http.AddressRefused, match="private"):
        ask("http://desk.example/")
    assert Stream.is_closed


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "169.253.255.255", "223.255.255.255"),
        *("2a00:1450:4001:800::200e", "2606:4700::1111", "2400:cb00::1", "2003::1"),
    ],
)
def test_public_addresses_pass(address: str) -> None:
    assert refused_network(ip_address(address)) is None


def test_the_table_refuses_what_the_standard_library_knows_as_special() -> None:
    for number in range(0, 2**32, 1_048_573):
        address = ip_address(number)
        if not address.is_global:
            assert refused_network(address), address


def test_own_networks_are_reached(
    settings: Settings, resolver: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def connect(backend: object, host: str, port: int, timeout: float) -> None:
        asked.append(host)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    settings.OWN_NETWORKS = ["10.0.0.0/24:8200", "metadata.inside.test:80"]
    for url in ("http://10.0.0.7:8200/", "http://metadata.inside.test/"):
        with pytest.raises(http.RequestFailed, match="No answer"):
            ask(url)
    assert asked == ["10.0.0.7", "169.254.169.254"]
    for url in ("http://10.0.0.7/", "http://10.0.1.7:8200/", "http://metadata.inside.test:81/"):
        with pytest.raises(http.AddressRefused):
            ask(url)
    assert http.check_public("http://10.0.0.7:8200/", needs_tls=True).port == 8200
