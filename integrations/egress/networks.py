"""Networks that nothing of ours connects to, by the address itself.

An own table, because "global" of the standard library changes with its version and lets
translating networks pass, behind which stands any address. Rows follow IANA's special-purpose
registries for IPv4 and IPv6 (RFC 6890 and its updates).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

KINDS_V4: Final = (
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
KINDS_V6: Final = (
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("::/96", "IPv4-compatible"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64"),
    ("100::/64", "discard"),
    ("2001::/32", "Teredo"),
    ("2001:2::/48", "benchmarking"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
REFUSED_V4: Final = tuple((IPv4Network(network), kind) for network, kind in KINDS_V4)
REFUSED_V6: Final = tuple((IPv6Network(network), kind) for network, kind in KINDS_V6)
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Interface identifiers of ISATAP (RFC 5214) hold an IPv4 address behind any prefix.
ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def refused_network(address: IPv4Address | IPv6Address) -> str | None:
    """What kind of network keeps us from an address: ``"loopback"``; ``None`` lets it pass."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in REFUSED_V4 if address in network), None)
    if address.scope_id is not None:
        return "link-local"
    for network, kind in REFUSED_V6:
        if address in network:
            return kind
    if address not in GLOBAL_UNICAST:
        return "reserved"
    if (int(address) >> 32) & 0xFFFF_FFFF in ISATAP:
        return "ISATAP"
    return None
