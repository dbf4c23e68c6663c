"""The operator's own proxies, from whose static addresses brokers are reached. Pure.

A connection goes through one of them, always the same while that one is well: a broker that binds
a session to an address sees one address.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

PORT: Final = 3128  # what most of them listen on


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels by CONNECT (RFC 9110, section 9.3.6)."""

    host: str
    port: int
    credentials: str = field(default="", repr=False)  # "user:password"

    @property
    def name(self) -> str:
        """What is shown of it; its credentials never are."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authorization(self) -> str:
        """The value of ``Proxy-Authorization``; empty where it wants none."""
        if not self.credentials:
            return ""
        return f"Basic {base64.b64encode(self.credentials.encode()).decode()}"


def read_proxy(word: str) -> Proxy:
    """Read ``http://10.0.0.8:3128`` or ``http://user:password@proxy.lan``.

    Raises:
        ValueError: it is none of these.
    """
    found = urlsplit(word)
    if found.scheme != "http" or not found.hostname or found.path not in {"", "/"} or found.query:
        raise ValueError("a proxy is written as http://host:port")
    credentials = ""
    if found.username is not None:
        credentials = f"{unquote(found.username)}:{unquote(found.password or '')}"
    return Proxy(found.hostname, found.port or PORT, credentials)


def choose(proxies: Iterable[Proxy], key: str) -> Proxy | None:
    """The one for a connection: the highest of the hashes of both, as rendezvous hashing has it.

    When one comes or goes, only the connections change that went through it, or are to.
    """
    return max(proxies, key=lambda one: _weight(one, key), default=None)


def _weight(proxy: Proxy, key: str) -> bytes:
    return hashlib.sha256(f"{key}|{proxy.name}".encode()).digest()
