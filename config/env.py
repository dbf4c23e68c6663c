"""Typed readers of the environment. A value that makes no sense stops the start and says why."""

import base64
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.egress.own_networks import read_destination
from integrations.egress.proxies import read_proxy

TRUE_WORDS: Final = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS: Final = frozenset({"0", "false", "no", "off"})
ORIGIN: Final = re.compile(
    r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?"
)
KEY_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


class BadEnvironment(ValueError):
    """A variable of the environment holds something that cannot be used."""

    def __init__(self, name: str, *, found: str | None, allowed: str) -> None:
        self.name = name
        shown = "is not set" if found is None else f"was {found!r}"
        super().__init__(f"{name} {shown}, must be {allowed}.")


class Environment:
    """Reads named values out of a mapping, by default the process environment.

    An empty value counts as absent, because compose files write ``NAME=`` for "not set".
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def find(self, name: str) -> str | None:
        return self._values.get(name, "").strip() or None

    def text(self, name: str, *, default: str) -> str:
        return self.find(name) or default

    def required_text(self, name: str, *, allowed: str = "set to a text") -> str:
        found = self.find(name)
        if found is None:
            raise BadEnvironment(name, found=None, allowed=allowed)
        return found

    def boolean(self, name: str, *, default: bool) -> bool:
        found = self.find(name)
        if found is None:
            return default
        if found.lower() in TRUE_WORDS:
            return True
        if found.lower() in FALSE_WORDS:
            return False
        raise BadEnvironment(
            name, found=found, allowed="one of 1, true, yes, on, 0, false, no, off"
        )

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        found = self.find(name)
        if found is None:
            return default
        allowed = f"a whole number from {minimum} to {maximum}"
        # int() would also take "1_000" and "٣", which nobody means.
        if not PLAIN_NUMBER.fullmatch(found) or "." in found:
            raise BadEnvironment(name, found=found, allowed=allowed)
        if not minimum <= int(found) <= maximum:
            raise BadEnvironment(name, found=found, allowed=allowed)
        return int(found)

    def decimal(
        self, name: str, *, default: Decimal, minimum: Decimal, maximum: Decimal
    ) -> Decimal:
        found = self.find(name)
        if found is None:
            return default
        allowed = f"a number from {minimum} to {maximum}"
        # Decimal() would also take "1_0", "٣" and "NaN".
        if not PLAIN_NUMBER.fullmatch(found) or not minimum <= Decimal(found) <= maximum:
            raise BadEnvironment(name, found=found, allowed=allowed)
        return Decimal(found)

    def choice(self, name: str, *, default: str, choices: tuple[str, ...]) -> str:
        found = self.find(name)
        if found is None:
            return default
        if found not in choices:
            raise BadEnvironment(name, found=found, allowed=f"one of {', '.join(choices)}")
        return found

    def words(self, name: str, *, default: tuple[str, ...] = ()) -> list[str]:
        """Read a list separated by commas; blanks around and between are dropped."""
        found = self.find(name)
        if found is None:
            return list(default)
        return [word.strip() for word in found.split(",") if word.strip()]

    def chains(self, name: str, *, known: tuple[str, ...]) -> dict[str, list[str]]:
        """Read ``*=a, XNAS=b>a``: by key, names out of ``known`` in order, each at most once."""
        found: dict[str, list[str]] = {}
        for word in self.words(name):
            key, _, chain = word.partition("=")
            names = chain.split(">")
            if not key or key in found or len(set(names)) < len(names) or set(names) - set(known):
                allowed = f"words like *=first>second of {', '.join(known)}, each key once"
                raise BadEnvironment(name, found=word, allowed=allowed)
            found[key] = names
        return found

    def origins(self, name: str) -> list[str]:
        """Read a list of origins as browsers write them: scheme, host and perhaps a port."""
        found = self.words(name)
        for origin in found:
            if not ORIGIN.fullmatch(origin):
                raise BadEnvironment(
                    name, found=origin, allowed="origins like https://desk.example or http://h:3000"
                )
        return found

    def web_address(self, name: str) -> str:
        """An address of http or https, which may hold a key; empty where it is not set."""
        text = self.text(name, default="")
        parts = urlsplit(text)
        if text and not (parts.scheme in {"http", "https"} and parts.hostname):
            # Not what was found: it may be a secret, only mistyped.
            raise BadEnvironment(name, found="something else", allowed="an http or https address")
        return text

    def web_addresses(self, name: str) -> dict[str, str]:
        """Read ``name=https://…, other=http://…``."""
        found: dict[str, str] = {}
        for word in self.words(name):
            key, _, text = word.partition("=")
            parts = urlsplit(text)
            if not key or parts.scheme not in {"http", "https"} or not parts.hostname:
                allowed = "names with addresses like alpaca=https://gateway.lan:8443"
                raise BadEnvironment(name, found="something else", allowed=allowed)
            found[key.strip()] = text
        return found

    def named_keys(self, name: str, *, size: int) -> dict[str, bytes]:
        """Read ``name:base64, older:base64``, each key of ``size`` bytes, in their order."""
        # Not what was found: it is a secret, only mistyped.
        allowed = f"names with keys of {size} bytes in base64, like 2026:…, 2025:…"
        keys: dict[str, bytes] = {}
        for word in self.words(name):
            key_name, _, text = word.partition(":")
            try:
                key = base64.b64decode(text, validate=True)
            except ValueError:
                key = b""
            if not KEY_NAME.fullmatch(key_name) or key_name in keys or len(key) != size:
                raise BadEnvironment(name, found="something else", allowed=allowed)
            keys[key_name] = key
        return keys

    def networks(self, name: str, *, default: tuple[str, ...]) -> list[str]:
        """Networks in CIDR form, parted by spaces or commas."""
        words = self.words(name, default=default)
        try:
            return [str(ip_network(word)) for word in words]
        except ValueError:
            raise BadEnvironment(
                name, found=self.find(name), allowed="networks such as 10.0.0.0/8"
            ) from None

    def destinations(self, name: str) -> list[str]:
        """Networks and hosts, each perhaps with a port; see integrations.egress.own_networks."""
        words = self.words(name)
        for word in words:
            try:
                read_destination(word)
            except ValueError:
                allowed = "networks and hosts like 10.0.0.0/8, 192.168.1.5:5678 or vault.lan:8200"
                raise BadEnvironment(name, found=word, allowed=allowed) from None
        return words

    def proxies(self, name: str) -> list[str]:
        """HTTP proxies; see integrations.egress.proxies."""
        words = self.words(name)
        for word in words:
            try:
                read_proxy(word)
            except ValueError:
                # What was found may hold a password.
                allowed = "proxies like http://10.0.0.8:3128 or http://user:password@proxy.lan"
                raise BadEnvironment(name, found="something else", allowed=allowed) from None
        return words

    def path(self, name: str, *, default: Path) -> Path:
        """Read a folder or file name; a relative one starts at the working directory."""
        found = self.find(name)
        return (Path(found).expanduser() if found else default).absolute()

    def redis_url(self, name: str) -> str | None:
        found = self.find(name)
        if found is None:
            return None
        if urlsplit(found).scheme not in {"redis", "rediss", "unix"}:
            raise BadEnvironment(
                name, found=hide_password(found), allowed="a redis://, rediss:// or unix:// address"
            )
        return found

    def postgres_url(self, name: str) -> str | None:
        found = self.find(name)
        if found is None:
            return None
        parts = urlsplit(found)
        if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
            raise BadEnvironment(
                name,
                found=hide_password(found),
                allowed="postgresql://user:password@host:port/database",
            )
        return found


def postgres_settings(url: str) -> dict[str, Any]:
    """Turn a PostgreSQL address into the connection part of Django's ``DATABASES`` entry.

    A ``host`` among the query's values names a folder with a socket; the others are options of
    libpq.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "config.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": query,
    }


def hide_password(url: str) -> str:
    """Return the address with its password starred, fit for a message."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url


env: Final = Environment()
