"""The one way out: every request of ours to somebody else's server.

A request is asked once, has one deadline for the whole of it and a size for its answer, follows
no redirect, and connects only to addresses outside the refused networks (see
``integrations.egress.networks``) or inside the operator's own (``OWN_NETWORKS``). A name is
resolved once, and the address that was checked is the one connected to.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final
from urllib.parse import urlencode

import httpcore
from django.conf import settings

from integrations.egress.connecting import Deadline, DestinationRefused, Guard, GuardedBackend
from integrations.egress.own_networks import read_destination
from integrations.egress.proxies import Proxy
from integrations.egress.tunnels import ProxyFailed, TunnelBackend
from integrations.egress.web_addresses import AddressInvalid, WebAddress, read_web_address

RETRY_SECONDS: Final = 60  # where a server does not say how long
RETRY_SECONDS_MAXIMUM: Final = 3_600
USUAL_PORTS: Final = frozenset({80, 443})
FIRST_FREE_PORT: Final = 1_024


class RequestFailed(Exception):
    """No answer in time, or one that cannot be used.

    ``may_have_arrived`` is false where surely nothing of the request was sent.
    """

    def __init__(self, message: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived


class AddressRefused(RequestFailed):
    """Nothing was sent and never will be: the address cannot be read, or leads where none may."""


class RedirectRefused(RequestFailed):
    """It answered by sending us elsewhere, and will the next time."""


class ProxyBroken(RequestFailed):
    """Nothing was sent: the proxy itself is away, or will not serve us."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names as Retry-After; of several of one name the latest
    body: bytes

    def retry_after_seconds(self, *, now: float) -> int:
        """How long the server asks to be left alone, from a second to an hour."""
        said = self.headers.get("Retry-After", "").strip()
        if said.isdecimal():
            seconds = int(said[:9])
        else:
            try:
                seconds = round(parsedate_to_datetime(said).timestamp() - now)
            except ValueError:
                seconds = RETRY_SECONDS
        return min(max(seconds, 1), RETRY_SECONDS_MAXIMUM)


def get(
    url: str, *, query: Mapping[str, str], headers: Mapping[str, str], seconds: float, size: int
) -> Answer:
    """Ask an address out of the operator's settings; any status but a redirect is an answer.

    Raises:
        RequestFailed: no answer within ``seconds``, one longer than ``size`` bytes, or a redirect.
    """
    asked = f"{url}?{urlencode(query)}" if query else url
    given = {"Accept": "application/json", **headers}
    return send("GET", asked, headers=given, seconds=seconds, size=size, is_operators=True)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float,
    size: int,
    content: bytes = b"",
    is_operators: bool = False,
    via: Proxy | None = None,
) -> Answer:
    """Ask once. An address out of the operator's settings may be a bare one of his own networks.

    Args:
        via: a proxy of the operator's to go through.

    Raises:
        AddressRefused: the address is unreadable, or lies where nothing of ours connects to.
        ProxyBroken: the proxy does not work; nothing was sent.
        RequestFailed: no answer within ``seconds``, one longer than ``size`` bytes, or a redirect.
    """
    deadline = Deadline(time.monotonic() + seconds)
    address = _read_address(url)
    guard = Guard(
        tuple(read_destination(word) for word in settings.OWN_NETWORKS),
        meant=address.literal if is_operators else None,
    )
    backend = TunnelBackend(guard, deadline, via) if via else GuardedBackend(guard, deadline)
    with _failures_told(deadline):
        answer = _exchange(
            method, address, headers=headers, content=content, size=size, backend=backend
        )
    if 300 <= answer.status < 400:
        raise RedirectRefused(
            f"The answer was a redirect ({answer.status}), which is not followed.",
            may_have_arrived=True,
        )
    return answer


def _read_address(url: str) -> WebAddress:
    try:
        return read_web_address(url)
    except AddressInvalid as error:
        raise AddressRefused(str(error)) from error


@contextmanager
def _failures_told(deadline: Deadline) -> Iterator[None]:
    """What the libraries below raise, as what this module says that it raises."""
    try:
        yield
    except DestinationRefused as error:
        raise AddressRefused(str(error)) from error
    except ProxyFailed as error:
        raise ProxyBroken(f"No answer: {error}.") from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
        said = str(error) or type(error).__name__
        raise RequestFailed(f"No answer: {said}.", may_have_arrived=deadline.has_sent) from error


def check_public(url: str, *, needs_tls: bool) -> WebAddress:
    """Read an address a user gave us, before it is kept; where it leads is checked at each use.

    Raises:
        AddressRefused: nothing would ever be sent to it; it says why.
    """
    address = _read_address(url)
    own = [read_destination(word) for word in settings.OWN_NETWORKS]
    is_own = any(
        it.name == address.host and it.port in {None, address.port}
        if address.literal is None
        else it.includes(address.literal, host=address.host, port=address.port)
        for it in own
    )
    if is_own:
        return address
    if needs_tls and address.scheme != "https":
        raise AddressRefused("The address began with http://, must begin with https://.")
    if address.port not in USUAL_PORTS and address.port < FIRST_FREE_PORT:
        raise AddressRefused(f"The port was {address.port}, must be 80, 443 or 1024 and above.")
    if address.literal is not None:
        try:
            Guard(own).check(address.literal, host=address.host, port=address.port)
        except DestinationRefused as error:
            raise AddressRefused(str(error)) from error
    return address


def _exchange(
    method: str,
    address: WebAddress,
    *,
    headers: Mapping[str, str],
    content: bytes,
    size: int,
    backend: httpcore.NetworkBackend,
) -> Answer:
    given = {"User-Agent": "Holdfast", "Accept-Encoding": "identity", **headers}
    if content:
        given["Content-Length"] = str(len(content))
    with httpcore.ConnectionPool(ssl_context=system_tls(), network_backend=backend) as pool:
        url = httpcore.URL(
            scheme=address.scheme.encode(),
            host=address.host.encode(),
            port=address.port,
            target=address.target.encode(),
        )
        with pool.stream(
            method, url, headers=list(given.items()), content=content or None
        ) as answer:
            names = {
                name.decode("latin-1").title(): value.decode("latin-1")
                for name, value in answer.headers
            }
            return Answer(answer.status, names, _read_body(answer, size=size))


def _read_body(answer: httpcore.Response, *, size: int) -> bytes:
    pieces: list[bytes] = []
    length = 0
    for piece in answer.iter_stream():
        length += len(piece)
        if length > size:
            raise RequestFailed(f"The answer was longer than {size} bytes.", may_have_arrived=True)
        pieces.append(piece)
    return b"".join(pieces)


@cache
def system_tls() -> ssl.SSLContext:
    """Certificates of the system's own authorities, TLS 1.2 and above."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
