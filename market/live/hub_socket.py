"""What one socket is owed, in a mailbox of one slot, and the task that writes it.

A frame offered while an earlier one still waits does not queue: the slot then only remembers
since when the socket is owed changes, and the frame is made from the newest prices when the
socket can take it. So a slow reader costs one slot, whatever happens on the market.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from accounts.socket_access import SocketHolder
    from market.live.price_hub import PricedSymbol

NOTICES_WAITING: Final = 32
NOTHING_OWED: Final = -1


class CloseCode(IntEnum):
    """Why the server closed a socket; documented in docs/live-prices.md."""

    TOO_BIG = 1009
    TRY_LATER = 1013
    MALFORMED = 4400
    SIGNED_OUT = 4401
    NOT_FOUND = 4404
    NOT_READING = 4408
    TOO_MANY_SYMBOLS = 4413
    TOO_MANY_SOCKETS = 4428
    TOO_MANY_MESSAGES = 4429


@dataclass(frozen=True, slots=True)
class SocketClose:
    code: CloseCode
    reason: str


@dataclass(frozen=True, slots=True)
class SocketPatience:
    """How long a socket may owe us a sign of life."""

    ack_timeout_seconds: float
    stall_timeout_seconds: float


class FrameMaker(Protocol):
    """What the hub makes for one socket alone."""

    def snapshot_frame(self, symbols: Iterable[PricedSymbol]) -> tuple[str, int]: ...

    def merged_frame(self, socket: HubSocket, since: int) -> tuple[str, int] | None: ...


class DepthFrames(Protocol):
    """What a socket that follows a book or a tape is owed of them."""

    def take(self) -> tuple[str, int] | None: ...


class Line(Protocol):
    """The connection to the client."""

    def is_stuck(self) -> bool:
        """Whether bytes wait for the client, who takes none."""

    def drop(self) -> None:
        """End it at once, without a word."""


Send = Callable[[Any], Awaitable[None]]


class HubSocket:
    """One socket in the hub. ``monotonic`` counts seconds and is only ever compared."""

    __slots__ = (
        "_acked_seq",
        "_behind_since",
        "_close",
        "_depth_went_last",
        "_frame",
        "_frame_seq",
        "_line",
        "_maker",
        "_monotonic",
        "_new_symbols",
        "_notices",
        "_owed_since",
        "_patience",
        "_sending_since",
        "_sent_seq",
        "_waiter",
        "depth",
        "holder",
        "symbols",
    )

    def __init__(
        self,
        *,
        holder: SocketHolder,
        maker: FrameMaker,
        patience: SocketPatience,
        monotonic: Callable[[], float],
        line: Line,
    ) -> None:
        self.holder = holder
        self.symbols: tuple[PricedSymbol, ...] = ()
        self.depth: DepthFrames | None = None
        self._maker = maker
        self._patience = patience
        self._monotonic = monotonic
        self._line = line
        self._frame: str | None = None
        self._frame_seq = 0
        self._owed_since = NOTHING_OWED
        self._new_symbols: set[PricedSymbol] | None = None
        self._notices: deque[str] | None = None
        self._close: SocketClose | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._sending_since: float | None = None
        self._sent_seq = 0
        self._acked_seq: int | None = None
        self._behind_since: float | None = None
        self._depth_went_last = False

    # The hub puts in.

    def offer(self, frame: str, *, seq: int, since: int) -> None:
        """Offer a frame of all changes after ``since``; it merges into one that still waits."""
        if self._owed_since == NOTHING_OWED:
            self._frame, self._frame_seq, self._owed_since = frame, seq, since
        else:
            self._frame = None
        self.wake()

    def owe_since(self, since: int) -> None:
        """Owe every change after that version, as one merged frame."""
        if self._owed_since == NOTHING_OWED or since < self._owed_since:
            self._owed_since = since
        self._frame = None
        self.wake()

    def owe_snapshot(self, symbols: Iterable[PricedSymbol]) -> None:
        self._new_symbols = (self._new_symbols or set()).union(symbols)
        self.wake()

    def notify(self, text: str) -> None:
        """Queue an answer to something the client sent."""
        if self._notices is None:
            self._notices = deque()
        if len(self._notices) >= NOTICES_WAITING:
            self.close(SocketClose(CloseCode.NOT_READING, "answers are not being read"))
            return
        self._notices.append(text)
        self.wake()

    def close(self, reason: SocketClose) -> None:
        """Close as soon as what is being sent has gone; the first reason stays."""
        self._close = self._close or reason
        self.wake()

    @property
    def is_closing(self) -> bool:
        return self._close is not None

    def abort(self) -> None:
        """Drop the client without a word."""
        self._line.drop()

    def abort_if_stuck(self) -> None:
        """Drop a client that was to be closed, and does not take the end either."""
        if self._line.is_stuck():
            self.abort()

    # The client says how far it has read.

    def acknowledge(self, seq: int) -> None:
        """Note that the client has processed everything up to ``seq``."""
        earlier = -1 if self._acked_seq is None else self._acked_seq
        self._acked_seq = max(earlier, min(seq, self._sent_seq))
        if self._acked_seq >= self._sent_seq:
            self._behind_since = None
        elif self._acked_seq > earlier:
            self._behind_since = self._monotonic()

    def close_if_overdue(self) -> None:
        """Close if the client takes no bytes, or once acknowledged and then stopped."""
        now, patience = self._monotonic(), self._patience
        stalled_since, behind_since = self._sending_since, self._behind_since
        is_behind = behind_since is not None and now - behind_since >= patience.ack_timeout_seconds
        is_stalled = (
            stalled_since is not None and now - stalled_since >= patience.stall_timeout_seconds
        )
        if is_stalled or (is_behind and self._line.is_stuck()):
            # It takes no bytes, so a reason would never arrive and a polite end never come.
            self.abort()
        elif is_behind:
            self.close(SocketClose(CloseCode.NOT_READING, "acknowledgements stopped"))

    # The writer takes out.

    async def write(self, send: Send) -> None:
        """Send what is owed, one frame at a time, until closed.

        Raises:
            OSError: the client has gone.
        """
        while self._close is None:
            text = self.take()
            if text is None:
                await self._wait()
                continue
            self._sending_since = self._monotonic()
            await send({"type": "websocket.send", "text": text})
            self._sending_since = None
        self._sending_since = self._monotonic()
        await send(
            {"type": "websocket.close", "code": self._close.code, "reason": self._close.reason}
        )

    def take(self) -> str | None:
        """The next text to send: answers first, then snapshots, then depth and changes in turn."""
        if self._notices:
            return self._notices.popleft()
        if self._new_symbols is not None:
            text, seq = self._maker.snapshot_frame(self._new_symbols)
            self._new_symbols = None
            # Made before this one, a frame that waits has an earlier number: it is made anew.
            self._frame = None
            return self._sent(text, seq)
        if self.depth is not None and (text_of_depth := self._take_depth(self.depth)):
            return text_of_depth
        if self._owed_since == NOTHING_OWED:
            return None
        frame, seq, since = self._frame, self._frame_seq, self._owed_since
        self._frame, self._owed_since = None, NOTHING_OWED
        if frame is None:
            merged = self._maker.merged_frame(self, since)
            return self._sent(*merged) if merged else None
        return self._sent(frame, seq)

    def _take_depth(self, depth: DepthFrames) -> str | None:
        """A frame of book or tape, unless changed prices wait and it is their turn."""
        is_turn = not self._depth_went_last or self._owed_since == NOTHING_OWED
        taken = depth.take() if is_turn else None
        self._depth_went_last = taken is not None
        if taken is None:
            return None
        # A frame that waits has an earlier number than this one, so it is made anew.
        self._frame = None
        return self._sent(*taken)

    def _sent(self, text: str, seq: int) -> str:
        self._sent_seq = seq
        # Only a client that has acknowledged before can be late with it.
        if self._acked_seq is not None and self._behind_since is None:
            self._behind_since = self._monotonic()
        return text

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def wake(self) -> None:
        """Let the writer look for what is owed now."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
