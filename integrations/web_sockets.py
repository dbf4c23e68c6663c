"""WebSockets to somebody else's server, by the same rules as requests (``integrations.http``).

A name is resolved once, the address that was checked is the one connected to, redirects are not
followed, and a message has a size.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import httpcore
from django.conf import settings
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from integrations.egress.connecting import Deadline, DestinationRefused, Guard, GuardedBackend
from integrations.egress.own_networks import read_destination
from integrations.egress.web_addresses import AddressInvalid, read_web_address
from integrations.http import AddressRefused, RequestFailed, system_tls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection


FAILURES: Final = (
    OSError,
    WebSocketException,
    httpcore.NetworkError,
    httpcore.TimeoutException,
)


@contextmanager
def open_web_socket(url: str, *, seconds: float, size: int) -> Iterator[ClientConnection]:
    """Connect to an http or https address out of the operator's settings, for the block.

    Args:
        seconds: for connecting and for the greeting, together.
        size: of a message, in bytes; a longer one ends the connection.

    Raises:
        AddressRefused: the address is unreadable, or lies where nothing of ours connects to.
        RequestFailed: there is no such server, or it does not greet as it should.
    """
    deadline = Deadline(time.monotonic() + seconds)
    own = tuple(read_destination(word) for word in settings.OWN_NETWORKS)
    with ExitStack() as stack:
        try:
            address = read_web_address(url)
            backend = GuardedBackend(Guard(own, meant=address.literal), deadline)
            stream = backend.connect_tcp(address.host, address.port)
            is_secure = address.scheme == "https"
            connecting = connect(
                f"{'wss' if is_secure else 'ws'}://{address.origin.partition('://')[2]}"
                f"{address.target}",
                sock=stream.get_extra_info("socket"),
                ssl=system_tls() if is_secure else None,
                server_hostname=address.host if is_secure else None,
                user_agent_header="Holdfast",
                open_timeout=max(deadline.remaining(), 0.001),
                close_timeout=1,
                max_size=size,
            )
            socket = stack.enter_context(connecting)
        except (AddressInvalid, DestinationRefused) as error:
            raise AddressRefused(str(error)) from error
        except FAILURES as error:
            said = str(error) or type(error).__name__
            raise RequestFailed(f"No connection: {said}.") from error
        yield socket
