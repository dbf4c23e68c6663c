"""The operator's own networks: what he lets us reach although it is not public."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
WORD: Final = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:./]+)\]|(?P<host>[^\[\]:]+)|(?P<bare>[0-9a-f]*:[0-9a-f:./]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A network or a name, and perhaps one port of it; without one all ports are meant."""

    network: IPv4Network | IPv6Network | None
    name: str
    port: int | None

    def includes(self, address: IPv4Address | IPv6Address, *, host: str, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        return address in self.network if self.network is not None else host == self.name


def read_destination(word: str) -> Destination:
    """Read ``10.0.0.0/8``, ``192.168.1.5:5678``, ``[fd00::1]:443`` or ``vault.lan:8200``.

    Raises:
        ValueError: it is none of these.
    """
    found = WORD.fullmatch(word.lower())
    if found is None:
        raise ValueError(f"{word!r} names no network and no host")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"the port was {port}, must be from 1 to 65535")
    host = found["v6"] or found["bare"] or found["host"]
    try:
        return Destination(ip_network(host), "", port)
    except ValueError:
        if "/" in host or host.replace(".", "").isdigit() or not NAME.fullmatch(host):
            raise
    return Destination(None, host, port)
