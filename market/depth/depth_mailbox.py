"""What one socket is owed of the book and the tape that it follows: one of each at most.

Nothing waits in here but the place up to which was sent, so a slow reader costs that and delays
nobody. A frame is made when the socket can take it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from market.depth.depth_hub import DepthHub, LiveBook, LiveTape

NEVER: Final = (-1, -1)


class DepthMailbox:
    """One socket's part in the depth hub."""

    __slots__ = ("_book", "_book_sent", "_hub", "_is_due", "_tape", "_tape_sent", "_wake")

    def __init__(self, hub: DepthHub, *, wake: Callable[[], None]) -> None:
        self._hub = hub
        self._wake = wake
        self._book: LiveBook | None = None
        self._book_sent = NEVER
        self._tape: LiveTape | None = None
        self._tape_sent = -1
        self._is_due = False

    def follow_book(self, instrument_id: int | None) -> None:
        """Follow that book from now on instead of any other; ``None`` for none."""
        earlier, self._book = self._book, None
        if instrument_id is not None:
            self._book = self._hub.follow_book(self, instrument_id)
        if earlier is not None and earlier is not self._book:
            self._hub.leave_book(self, earlier)
        self._book_sent = NEVER

    def follow_tape(self, instrument_id: int | None) -> None:
        """Follow that tape from now on instead of any other; ``None`` for none."""
        earlier, self._tape = self._tape, None
        if instrument_id is not None:
            self._tape = self._hub.follow_tape(self, instrument_id)
        if earlier is not None and earlier is not self._tape:
            self._hub.leave_tape(self, earlier)
        self._tape_sent = -1

    def leave(self) -> None:
        self.follow_book(None)
        self.follow_tape(None)

    def become_due(self) -> None:
        """Called once per flush interval; between two of them nothing more is sent."""
        if not self._is_due and (self._owes_book() or self._owes_trades()):
            self._is_due = True
            self._wake()

    def take(self) -> tuple[str, int] | None:
        """The next frame with its number, if one is due."""
        if not self._is_due:
            return None
        if self._book is not None and self._owes_book():
            self._book_sent = self._book.version
            text = self._book.text(self._address(self._book.symbol.instrument_id))
            return self._frame("book", text)
        self._is_due = False
        if self._tape is None or not self._owes_trades():
            return None
        since, self._tape_sent = self._tape_sent, self._tape.count
        text = self._tape.text(self._address(self._tape.instrument_id), since=since)
        return self._frame("trades", text)

    def _owes_book(self) -> bool:
        book = self._book
        return book is not None and book.has_begun and book.version != self._book_sent

    def _owes_trades(self) -> bool:
        tape = self._tape
        return tape is not None and tape.has_begun and tape.count > self._tape_sent

    def _address(self, instrument_id: int) -> str:
        return self._hub.prices.directory.address_of(instrument_id)

    def _frame(self, kind: str, text: str) -> tuple[str, int]:
        seq = self._hub.prices.advance()
        return f'{{"type":"{kind}","seq":{seq},{text}}}', seq
