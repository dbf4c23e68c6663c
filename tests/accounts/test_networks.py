"""Addresses and networks in their one canonical form."""

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from accounts.networks import (
    BadNetwork,
    caller_address,
    contains,
    is_within,
    read_network,
    socket_address,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        (" 192.0.2.0/24 ", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8:0:0::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_read(text: str, expected: str) -> None:
    assert read_network(text) == expected
    assert read_network(expected) == expected


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "192.0.2.1/24", "192.0.2.256", "1.2.3", "fe80::1%eth0", "::/129", "1,2", "é"],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BadNetwork):
        read_network(text)


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        ([], "192.0.2.1", True),
        ([], "unknown", True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.7", True),
        (["192.0.2.0/24"], "::192.0.2.7", False),
        (["192.0.2.0/24"], "unknown", False),
        (["192.0.2.0/24"], "", False),
        (["198.51.100.7/32", "2001:db8::/32"], "2001:db8:1::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
    ],
)
def test_an_address_is_inside_or_not(networks: list[str], address: str, expected: bool) -> None:
    assert contains(networks, address) is expected


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ([], [], True),
        (["192.0.2.1/32"], [], True),
        ([], ["192.0.2.0/24"], False),
        (["192.0.2.1/32"], ["192.0.2.0/24"], True),
        (["192.0.2.0/24"], ["192.0.2.0/25"], False),
        (["192.0.2.1/32", "2001:db8::1/128"], ["2001:db8::/32", "192.0.2.0/24"], True),
        (["192.0.2.1/32", "2001:db8::1/128"], ["192.0.2.0/24"], False),
        (["::/0"], ["0.0.0.0/0"], False),
    ],
)
def test_a_list_lies_within_another(inner: list[str], outer: list[str], expected: bool) -> None:
    assert is_within(inner, outer) is expected


@given(st.ip_addresses(), st.ip_addresses())
def test_only_the_address_itself_is_in_its_own_network(one: object, other: object) -> None:
    network = read_network(str(one))
    assert contains([network], str(one))
    same = read_network(str(other)) == network
    assert contains([network], str(other)) is same


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "", "203.0.113.9"),
        (0, "192.0.2.1", "203.0.113.9"),
        (1, "", "203.0.113.9"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "10.9.9.9, 192.0.2.1", "192.0.2.1"),
        (2, "10.9.9.9, 192.0.2.1, 198.51.100.1", "192.0.2.1"),
        (2, "192.0.2.1", "unknown"),
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
        (1, "evil", "unknown"),
    ],
)
def test_only_trusted_proxies_are_believed(
    settings: LazySettings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert caller_address("203.0.113.9", forwarded) == expected
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert socket_address({"client": ("203.0.113.9", 1), "headers": headers}) == expected


def test_a_peer_without_an_address_is_unknown() -> None:
    assert caller_address("", "") == "unknown"
    assert socket_address({"client": None, "headers": []}) == "unknown"
