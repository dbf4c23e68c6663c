"""Addresses as somebody wrote them, read strictly: what two readers could read apart is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote, urlsplit

import idna

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
CHARACTERS: Final = 2_048
LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What a resolver of the C library may take for a number: 0x7f.1, 017700000001, 2130706433.
NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
PORT: Final = re.compile(r"[0-9]{1,5}")
SAFE: Final = "/%:@!$&'()*+,;=-._~?"


class AddressInvalid(ValueError):
    """The address cannot be read in one way only."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    scheme: str
    host: str  # lower case ASCII; an IPv6 address without brackets
    port: int
    target: str  # path and query as sent
    literal: IPv4Address | IPv6Address | None

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return f"{self.scheme}://{host}:{self.port}"


def read_web_address(text: str) -> WebAddress:
    """Read an absolute address of http or https.

    Raises:
        AddressInvalid: anything else; it says what was found, never a password in it.
    """
    if len(text) > CHARACTERS:
        raise AddressInvalid(f"The address had {len(text)} characters, may have {CHARACTERS}.")
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in text) or "\\" in text:
        raise AddressInvalid("The address held a blank, a backslash or a control character.")
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise AddressInvalid("The address held half a character.")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise AddressInvalid(f"The address could not be read: {error}.") from error
    if parts.scheme not in DEFAULT_PORTS:
        found = parts.scheme or "nothing"
        raise AddressInvalid(f"The address began with {found}, must be http or https.")
    if "@" in parts.netloc:
        raise AddressInvalid("The address held a user name or a password, must hold neither.")
    host, port = _host_and_port(parts.netloc)
    name, literal = _host(host)
    target = quote(parts.path or "/", safe=SAFE)
    if parts.query:
        target += f"?{quote(parts.query, safe=SAFE)}"
    return WebAddress(
        parts.scheme, name, DEFAULT_PORTS[parts.scheme] if port is None else port, target, literal
    )


def _host_and_port(netloc: str) -> tuple[str, int | None]:
    if netloc.startswith("["):
        host, bracket, rest = netloc[1:].partition("]")
        host = f"[{host}" if bracket else ""
    else:
        host, colon, rest = netloc.partition(":")
        rest = colon + rest
    if not rest:
        return host, None
    port = rest[1:]
    if rest[0] != ":" or not (port.isascii() and PORT.fullmatch(port)) or not 0 < int(port) < 65536:
        raise AddressInvalid(f"The port was {rest[:12]!r}, must be a number from 1 to 65535.")
    return host, int(port)


def _host(text: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:])
        except AddressValueError as error:
            raise AddressInvalid(f"The host was no IPv6 address: {error}.") from error
        if address.scope_id is not None:
            raise AddressInvalid("The host named a zone of its own network.")
        return str(address), address
    try:
        return str(IPv4Address(text)), IPv4Address(text)
    except AddressValueError:
        pass
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError as error:
            raise AddressInvalid(f"The host {text!r} is no name: {error}.") from error
    labels = text.lower().split(".")
    if len(text) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise AddressInvalid(f"The host {text[:80]!r} is no name.")
    if NUMBER.fullmatch(labels[-1]):
        raise AddressInvalid(f"The host {text[:80]!r} is a number, must be a name or an address.")
    return ".".join(labels), None
