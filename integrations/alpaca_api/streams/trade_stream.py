"""``/alpaca/stream``: the changes of an account's orders, told as they happen.

As on the portfolio's own socket, a message of the channel layer is a bell only, and what is told
is read from the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson
from channels.db import database_sync_to_async

from integrations.alpaca_api.streams.sign_in import account_id_of, credentials_of
from integrations.alpaca_api.streams.stream_socket import StreamSocket, TooManySockets
from integrations.alpaca_api.streams.trade_updates import place_now, read_updates
from market.live.hub_socket import CloseCode, SocketClose
from trading import broadcasts
from trading.broadcasts import PortfolioChanged
from trading.live.telling import keep_telling

STREAM: Final = "trade_updates"
FELL_BEHIND: Final = SocketClose(CloseCode.TRY_LATER, "too much has happened; connect anew")


class TradeStream(StreamSocket):
    """One connection. It is silent until somebody has signed in and listens."""

    _group: str | None = None
    _teller: asyncio.Task[None] | None = None

    async def take(self, text: str | None, data: bytes | None) -> None:
        message = read_message(text, data)
        if message is None:
            await self.note_malformed()
        elif self.caller is None:
            await self._sign_in(message)
        elif message.get("action") == "listen":
            await self._listen(message)
        else:
            await self.note_malformed()

    async def portfolio_changed(self, message: PortfolioChanged) -> None:
        del message
        self._bell.set()

    async def refuse_late(self) -> None:
        await self._answer_sign_in("unauthorized")

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        await self._stop_telling()

    async def _sign_in(self, message: Mapping[str, Any]) -> None:
        given = credentials_of(message)
        try:
            if given is not None and await self.sign_in(given):
                await self._answer_sign_in("authorized")
                return
            reason = SocketClose(CloseCode.SIGNED_OUT, "this key opens nothing here")
        except TooManySockets as error:
            reason = error.reason
        await self._answer_sign_in("unauthorized")
        await self.end(reason)

    async def _answer_sign_in(self, status: str) -> None:
        await self._say("authorization", {"status": status, "action": "authenticate"})

    async def _listen(self, message: Mapping[str, Any]) -> None:
        """Begin, or with no stream named stop, telling."""
        data = message.get("data")
        wanted = data.get("streams") if isinstance(data, dict) else None
        if not isinstance(wanted, list):
            await self.note_malformed()
            return
        await self._stop_telling()
        streams = [STREAM] if STREAM in wanted else []
        if streams and self.caller is not None:
            self._bell = asyncio.Event()
            self._group = broadcasts.portfolio_group(account_id_of(self.caller))
            await self.channel_layer.group_add(self._group, self.channel_name)
            # After that: what happens from now on rings, or is read.
            self._place = await database_sync_to_async(place_now)()
            telling = keep_telling(
                self._bell, self._tell, is_ended=lambda: self.is_ended, what="an account"
            )
            self._teller = asyncio.create_task(telling, name="trade updates")
        await self._say("listening", {"streams": streams})

    async def _stop_telling(self) -> None:
        if self._teller is not None:
            self._teller.cancel()
            self._teller = None
        if self._group is not None:
            await self.channel_layer.group_discard(self._group, self.channel_name)
            self._group = None

    async def _tell(self) -> None:
        if self.caller is None:
            return
        updates, self._place = await database_sync_to_async(read_updates)(
            account_id_of(self.caller), self._place
        )
        if updates is None:
            await self.end(FELL_BEHIND)
            return
        for update in updates:
            if self.is_ended:
                return
            await self._say(STREAM, update)

    async def _say(self, stream: str, data: Mapping[str, Any]) -> None:
        # Binary frames, as the original sends them.
        await self.send(bytes_data=orjson.dumps({"stream": stream, "data": data}))


def read_message(text: str | None, data: bytes | None) -> dict[str, Any] | None:
    """The JSON object in a frame of either kind; ``None`` for anything else."""
    try:
        message = orjson.loads(text or data or b"")
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) else None
