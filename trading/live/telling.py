"""The loop of a socket that a message of the channel layer only rings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import DatabaseError

logger = logging.getLogger(__name__)

# Without a bell one looks this often, for what nobody rang for.
LOOK_SECONDS: Final = 30.0


async def keep_telling(
    bell: asyncio.Event,
    tell: Callable[[], Awaitable[None]],
    *,
    is_ended: Callable[[], bool],
    what: str,
) -> None:
    """Tell whenever the bell rings, and now and then without, until the socket has ended.

    A database that is away costs time only: what it could not say is said when it is back.

    Args:
        what: whose stream it is, for the log: "a portfolio".
    """
    while not is_ended():
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await bell.wait()
        except TimeoutError:
            pass
        bell.clear()
        try:
            await tell()
        except DatabaseError as error:
            logger.warning("The stream of %s could not be read: %s", what, error)
        except Exception:
            logger.exception("The stream of %s stumbled and goes on", what)
