"""What each status of an order means, in words for investors. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trading.states import Status

WORDS: Final[Mapping[Status, str]] = {
    Status.PENDING_NEW: "Recorded and covered, on its way to the market.",
    Status.HELD: "Waits out of the book: for its stop price, or for the order it belongs to.",
    Status.ACCEPTED: "Taken; it waits for its market to open, or for its auction.",
    Status.NEW: "Working in the market.",
    Status.PARTIALLY_FILLED: "A part has filled; the rest works on.",
    Status.FILLED: "Done, all of it.",
    Status.PENDING_CANCEL: "Its cancellation is on the way; until then it may still fill.",
    Status.CANCELED: "Ended before all of it filled.",
    Status.PENDING_REPLACE: "A change is on the way; until then it may still fill.",
    Status.SUSPENDED: "Trading in its instrument is halted; it keeps its place and cannot fill.",
    Status.REPLACED: "Another order took over what it had left.",
    Status.EXPIRED: "Its time in force ended.",
    Status.REJECTED: "The market could not carry it out.",
    Status.DENIED: "A check of this desk refused it when its turn came.",
}
