"""Which of the operator's proxies a connection goes through, and how each of them is.

All processes know the same: what failed is noted in Valkey and passed over until a look finds it
well. A broker's own refusals change nothing here, so a block by a broker is shown, not dodged.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpcore
import redis
from django.conf import settings

from integrations.egress.proxies import Proxy, choose, read_proxy
from market.live.live_quotes import prefixed, valkey
from market.values import time_from_wire, wire_time

logger = logging.getLogger(__name__)

KEY: Final = "egress:proxies"
LOOK_SECONDS: Final = 5.0
NOWHERE: Final = "holdfast.invalid:443"


class NoProxyWell(Exception):
    """There are proxies, and none of them works."""


@dataclass(frozen=True, slots=True)
class Health:
    """``error`` is empty where it was well; ``checked_at`` is None before the first look."""

    proxy: Proxy
    checked_at: datetime | None = None
    error: str = ""


def proxies() -> list[Proxy]:
    return [read_proxy(word) for word in settings.BROKER_PROXIES]


def healths() -> list[Health]:
    """Of each proxy in the settings how it was last; well as long as nobody says otherwise."""
    try:
        found: dict[bytes, bytes] = valkey().hgetall(prefixed(KEY)) if proxies() else {}  # type: ignore[assignment]
    except redis.RedisError as error:
        logger.warning("How proxies are is not known without Valkey: %s", error)
        found = {}
    return [_health(one, found.get(one.name.encode())) for one in proxies()]


def proxy_for(key: str) -> Proxy | None:
    """The proxy for a connection; None where the operator has none, so that it goes straight.

    Raises:
        NoProxyWell: all of them fail. Going straight would show the broker another address.
    """
    known = healths()
    if not known:
        return None
    chosen = choose((one.proxy for one in known if not one.error), key)
    if chosen is None:
        raise NoProxyWell(f"None of the {len(known)} proxies works: {known[0].error}")
    return chosen


def note(proxy: Proxy, *, error: str, at: datetime) -> None:
    """Remember how a proxy was; others go through it again once it is well."""
    said = json.dumps({"checked_at": wire_time(at), "error": error})
    try:
        valkey().hset(prefixed(KEY), proxy.name, said)
    except redis.RedisError as failure:
        logger.warning("How the proxy %s is could not be noted: %s", proxy.name, failure)
    if error:
        logger.warning("The proxy %s fails: %s", proxy.name, error)


def look_at_all(*, at: datetime) -> list[Health]:
    """Connect to each proxy and note how it is."""
    found = []
    for proxy in proxies():
        error = _look(proxy)
        note(proxy, error=error, at=at)
        found.append(Health(proxy, at, error))
    return found


def _look(proxy: Proxy) -> str:
    deadline = time.monotonic() + LOOK_SECONDS
    try:
        stream = httpcore.SyncBackend().connect_tcp(proxy.host, proxy.port, LOOK_SECONDS)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        return str(error) or type(error).__name__
    try:
        # What is no proxy of ours does not understand the question, and what is asks who we are.
        stream.write(_question(proxy), max(deadline - time.monotonic(), 0.1))
        answer = stream.read(64, max(deadline - time.monotonic(), 0.1))
    except (httpcore.NetworkError, httpcore.TimeoutException) as error:
        return str(error) or type(error).__name__
    finally:
        stream.close()
    if not answer.startswith(b"HTTP/1."):
        return "its answer is no HTTP"
    return "it wants other credentials (407)" if answer[9:12] == b"407" else ""


def _question(proxy: Proxy) -> bytes:
    """A tunnel to nowhere (RFC 6761): whatever it answers, it has read our credentials by then."""
    lines = [f"CONNECT {NOWHERE} HTTP/1.1", f"Host: {NOWHERE}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode()


def _health(proxy: Proxy, said: bytes | None) -> Health:
    if said is None:
        return Health(proxy)
    read: dict[str, Any] = json.loads(said)
    return Health(proxy, time_from_wire(read["checked_at"]), read["error"])
