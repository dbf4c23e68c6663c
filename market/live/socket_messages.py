"""What clients say on the price socket, read strictly, and the errors they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

ADDRESS_LENGTH: Final = 32  # MIC, colon, symbol, with room
LIST_LENGTH: Final = 2_000
DEPTH_KEYS: Final = ("book", "trades")
KEYS: Final = frozenset({"subscribe", "unsubscribe", "ack", *DEPTH_KEYS})


class MalformedMessage(ValueError):
    """The client sent something that is none of the messages we know."""


@dataclass(frozen=True, slots=True)
class SocketRequest:
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    ack: int | None = None
    # Whose "book" and "trades" to follow from now on; None stands for nobody's.
    follow: Mapping[str, str | None] = field(default_factory=dict)


class MessageAllowance:
    """So many messages a second on average, with a burst saved up; seconds are monotonic."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, *, per_second: float, burst: float, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = now

    def spend(self, *, now: float) -> bool:
        """Take one message from the allowance; false when none is left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def read_request(text: str | None) -> SocketRequest:
    """Read one message.

    Raises:
        MalformedMessage: not a JSON object of the known keys with values of the right kind.
    """
    if text is None:
        raise MalformedMessage("Send text frames; this one was binary.")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedMessage("This was not JSON.") from None
    if not isinstance(body, dict) or not body or body.keys() - KEYS:
        allowed = '"subscribe", "unsubscribe", "book", "trades" or "ack"'
        raise MalformedMessage(f"Send an object with {allowed}.")
    return SocketRequest(
        subscribe=read_addresses(body, "subscribe"),
        unsubscribe=read_addresses(body, "unsubscribe"),
        ack=read_ack(body),
        follow={key: read_address(body[key], key) for key in DEPTH_KEYS if key in body},
    )


def read_addresses(body: dict[str, Any], key: str) -> tuple[str, ...]:
    """The symbols under a key, each once, in their order; none where the key is absent.

    Raises:
        MalformedMessage: it is no list of symbols, or too long a one.
    """
    addresses = body.get(key, [])
    is_list = isinstance(addresses, list) and len(addresses) <= LIST_LENGTH
    if not is_list or not all(isinstance(address, str) for address in addresses):
        raise MalformedMessage(f'"{key}" must be a list of at most {LIST_LENGTH} symbols.')
    if any(not 1 <= len(address) <= ADDRESS_LENGTH for address in addresses):
        raise MalformedMessage(f"A symbol has 1 to {ADDRESS_LENGTH} characters.")
    return tuple(dict.fromkeys(addresses))


def read_address(address: object, key: str) -> str | None:
    """Raises:
    MalformedMessage: it is neither a symbol nor null.
    """
    if address is None:
        return None
    if not isinstance(address, str) or not 1 <= len(address) <= ADDRESS_LENGTH:
        raise MalformedMessage(f'"{key}" must be one symbol, or null for none.')
    return address


def read_ack(body: dict[str, Any]) -> int | None:
    """The number of the frame that the client has read; None where it says none.

    Raises:
        MalformedMessage: it is no number of a frame.
    """
    if "ack" not in body:
        return None
    ack = body["ack"]
    if not isinstance(ack, int) or isinstance(ack, bool) or ack < 0:
        raise MalformedMessage('"ack" must be the "seq" of a frame.')
    return ack


def error_text(code: str, message: str, symbols: tuple[str, ...]) -> str:
    body = {"type": "error", "code": code, "message": message, "symbols": symbols}
    return orjson.dumps(body).decode()
