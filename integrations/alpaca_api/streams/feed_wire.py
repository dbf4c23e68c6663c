"""The messages of the data socket, in msgpack or JSON as the client asked. Pure.

In msgpack a time is a Timestamp (extension -1), in JSON a text; see
https://docs.alpaca.markets/docs/streaming-market-data for the messages and the error codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

import msgpack
import orjson

from market.values import wire_time

MSGPACK: Final = "application/msgpack"

Message = dict[str, Any]


class FeedError(Enum):
    """What a client is told in an ``error`` message: code, text."""

    INVALID_SYNTAX = (400, "invalid syntax")
    NOT_AUTHENTICATED = (401, "not authenticated")
    AUTH_FAILED = (402, "auth failed")
    ALREADY_AUTHENTICATED = (403, "already authenticated")
    AUTH_TIMEOUT = (404, "auth timeout")
    SYMBOL_LIMIT = (405, "symbol limit exceeded")
    CONNECTION_LIMIT = (406, "connection limit exceeded")
    SLOW_CLIENT = (407, "slow client")
    INVALID_SUBSCRIBE = (410, "invalid subscribe action for this feed")
    INTERNAL = (500, "internal error")

    def message(self) -> Message:
        code, text = self.value
        return {"T": "error", "code": code, "msg": text}


def success(text: str) -> Message:
    return {"T": "success", "msg": text}


class Malformed(ValueError):
    """A frame that holds no message."""


class Codec(Protocol):
    is_binary: bool

    def encode(self, messages: Sequence[Message]) -> bytes: ...

    def decode(self, frame: bytes) -> Message:
        """Raises:
        Malformed: it holds no message.
        """


class MsgpackCodec:
    is_binary = True

    def encode(self, messages: Sequence[Message]) -> bytes:
        packed: bytes = msgpack.packb(messages, datetime=True)
        return packed

    def decode(self, frame: bytes) -> Message:
        try:
            # A key that cannot be hashed is a TypeError, a text that is none a UnicodeDecodeError.
            message = msgpack.unpackb(frame, strict_map_key=True)
        except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
            raise Malformed from error
        return checked(message)


class JsonCodec:
    is_binary = False

    def encode(self, messages: Sequence[Message]) -> bytes:
        return orjson.dumps(messages, default=time_text, option=orjson.OPT_PASSTHROUGH_DATETIME)

    def decode(self, frame: bytes) -> Message:
        try:
            message = orjson.loads(frame)
        except orjson.JSONDecodeError as error:
            raise Malformed from error
        return checked(message)


def checked(message: object) -> Message:
    """Raises:
    Malformed: it is no map with an action.
    """
    if not isinstance(message, dict) or not isinstance(message.get("action"), str):
        raise Malformed
    return message


def time_text(value: object) -> str:
    """Raises:
    TypeError: a value of a kind that no message has.
    """
    if isinstance(value, datetime):
        return wire_time(value)
    raise TypeError(f"no message holds a {type(value).__name__}")


def codec_for(content_type: str) -> Codec:
    """What the handshake's ``Content-Type`` asks for; JSON unless it says msgpack."""
    return MsgpackCodec() if content_type.lower().startswith(MSGPACK) else JsonCodec()
