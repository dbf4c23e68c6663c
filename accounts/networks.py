"""Addresses of callers, and the networks that a key may be bound to.

An IPv4 address may arrive dressed as IPv6 (``::ffff:192.0.2.1``); here it is always the plain
one, in a key's list as in what a caller comes from. Networks are kept as text in CIDR form, and
an empty list means from everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAPPED: Final = IPv6Network("::ffff:0:0/96")


class BadNetwork(ValueError):
    """The text is neither an address nor a network."""


def read_network(text: str) -> str:
    """Return the network in its one canonical form: ``192.0.2.1`` is ``192.0.2.1/32``.

    Raises:
        BadNetwork: it is no address and no network, or has bits set beyond its prefix.
    """
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        message = f"{text.strip()[:60]!r} was no address or network such as 192.0.2.0/24."
        raise BadNetwork(message) from error
    if isinstance(network, IPv6Network):
        if network.network_address.scope_id is not None:
            raise BadNetwork(f"{text.strip()[:60]!r} names an interface, which no caller can show.")
        if network.subnet_of(MAPPED):
            plain = network.network_address.ipv4_mapped
            network = IPv4Network((str(plain), network.prefixlen - MAPPED.prefixlen))
    return str(network)


@lru_cache(maxsize=10_000)
def read_address(text: str) -> Address | None:
    """The address that a text is; ``None`` where it is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Behind ::ffff: stands an IPv4 caller; the zone tells our interface, not the caller.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


@lru_cache(maxsize=10_000)
def parsed(text: str) -> Network:
    return ip_network(text)


def contains(networks: Sequence[str], address: str) -> bool:
    """Whether a caller at that address may use what is bound to the networks."""
    if not networks:
        return True
    found = read_address(address)
    return found is not None and any(found in parsed(network) for network in networks)


def is_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether every address that the inner list lets in is let in by the outer one."""
    if not outer:
        return True
    return bool(inner) and all(
        any(is_part(parsed(one), parsed(other)) for other in outer) for one in inner
    )


def is_part(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def caller_address(peer: str, forwarded: str) -> str:
    """Where a caller is: the connection's other end, or what our proxies say of it.

    Args:
        peer: the other end of the connection, as the server knows it.
        forwarded: ``X-Forwarded-For``, of which only the entry counts that the outermost of as
            many proxies as PROXIES wrote; the rest may be anybody's invention.

    Returns:
        The address in canonical form, ``unknown`` where there is none to be believed.
    """
    trusted: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    entries = [entry for entry in forwarded.split(",") if entry.strip()] if trusted else []
    if not entries:
        entries, trusted = [peer], 1
    # Fewer than the proxies we stand behind: somebody went around one.
    address = read_address(entries[-trusted]) if len(entries) >= trusted else None
    return str(address) if address else "unknown"


def socket_address(scope: Mapping[str, Any]) -> str:
    """Where a socket comes from; see ``caller_address``."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = ",".join(
        value.decode("latin-1")
        for name, value in scope.get("headers", ())
        if name.lower() == b"x-forwarded-for"
    )
    return caller_address(str(peer), forwarded)
