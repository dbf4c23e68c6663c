"""What a client may say on a portfolio's socket: from where on it is to be told again. Pure."""

from __future__ import annotations

from typing import Final

import orjson

from market.live.socket_messages import MalformedMessage

# Of a message that asks for a number.
MESSAGE_CHARACTERS: Final = 200


def read_since(text: str | None) -> int:
    """The number of ``{"since": number}``.

    Raises:
        MalformedMessage: anything else; it says what was wrong and what is allowed.
    """
    if text is None:
        raise MalformedMessage("Send text frames; this one was binary.")
    if len(text) > MESSAGE_CHARACTERS:
        raise MalformedMessage(f"A message has at most {MESSAGE_CHARACTERS} characters.")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedMessage("This was not JSON.") from None
    if not isinstance(said, dict) or said.keys() != {"since"}:
        raise MalformedMessage('Send {"since": seq}, and nothing else.')
    since = said["since"]
    if type(since) is not int or since < 0:
        raise MalformedMessage(f'"since" was {since!r:.40}, must be the "seq" of a message.')
    return since
