"""The life of a live order: every status, and every step between two of them. Pure.

What the table does not list cannot happen. ``unknown`` is what nobody knows the outcome of: it may
be at the broker, and is looked for there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    RECORDED = "recorded"  # here, and nowhere else
    SENDING = "sending"  # a worker is at it; it may be at the broker
    UNKNOWN = "unknown"  # sent, and nobody knows what became of it
    ACCEPTED = "accepted"  # the broker has it
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"  # another order has taken over
    EXPIRED = "expired"
    REJECTED = "rejected"  # the broker will not, or it never left
    NOT_RECEIVED = "not_received"  # the broker, asked again and again, has no such order
    UNFOLLOWED = "unfollowed"  # its connection was deleted while it may have worked

    @classmethod
    def working(cls) -> list[str]:
        """Those that may still fill, as far as anybody knows."""
        return [status.value for status in cls if status not in ENDED]


ENDED: Final = frozenset(
    {
        *(Status.FILLED, Status.CANCELED, Status.REPLACED, Status.EXPIRED),
        *(Status.REJECTED, Status.NOT_RECEIVED, Status.UNFOLLOWED),
    }
)


class Event(StrEnum):
    RECORDED = "recorded"
    SENDING = "sending"
    NOT_SENT = "not_sent"  # surely nothing left
    LOST = "lost"  # it left, and no answer says what became of it
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"
    UNFOLLOWED = "unfollowed"
    CANCEL_ASKED = "cancel_asked"  # changes no status
    CANCEL_REFUSED = "cancel_refused"  # neither does this,
    REPLACE_ASKED = "replace_asked"  # nor this,
    NOT_REPLACED = "not_replaced"  # nor this


# What a broker may tell of an order that it has.
TOLD: Final[dict[Event, Status]] = {
    Event.ACCEPTED: Status.ACCEPTED,
    Event.PARTLY_FILLED: Status.PARTIALLY_FILLED,
    Event.FILLED: Status.FILLED,
    Event.CANCELED: Status.CANCELED,
    Event.REPLACED: Status.REPLACED,
    Event.EXPIRED: Status.EXPIRED,
    Event.REJECTED: Status.REJECTED,
}
AFTER_ACCEPTANCE: Final[dict[Event, Status]] = {
    event: status for event, status in TOLD.items() if event is not Event.ACCEPTED
}
WAYS: Final[dict[Status, dict[Event, Status]]] = {
    Status.RECORDED: {
        Event.SENDING: Status.SENDING,
        Event.NOT_SENT: Status.REJECTED,
        Event.CANCELED: Status.CANCELED,
        Event.UNFOLLOWED: Status.UNFOLLOWED,
    },
    Status.SENDING: {**TOLD, Event.NOT_SENT: Status.REJECTED, Event.LOST: Status.UNKNOWN},
    Status.UNKNOWN: {
        **TOLD,
        # A worker that was slow, and not dead, says so later.
        Event.NOT_SENT: Status.REJECTED,
        Event.NOT_FOUND: Status.NOT_RECEIVED,
        Event.UNFOLLOWED: Status.UNFOLLOWED,
    },
    Status.ACCEPTED: {**AFTER_ACCEPTANCE, Event.UNFOLLOWED: Status.UNFOLLOWED},
    Status.PARTIALLY_FILLED: {**AFTER_ACCEPTANCE, Event.UNFOLLOWED: Status.UNFOLLOWED},
    # It turned up after all.
    Status.NOT_RECEIVED: dict(TOLD),
}
TRANSITIONS: Final[dict[tuple[Status, Event], Status]] = {
    (before, event): after for before, ways in WAYS.items() for event, after in ways.items()
}


class IllegalStep(Exception):
    """A bug: nothing asks for a step that the table does not list."""


def after(status: str, event: Event) -> Status:
    """Raises:
    IllegalStep: the table has no such step.
    """
    found = TRANSITIONS.get((Status(status), event))
    if found is None:
        raise IllegalStep(f"No {event.value} after {status}.")
    return found


def may(status: str, event: Event) -> bool:
    return (Status(status), event) in TRANSITIONS
