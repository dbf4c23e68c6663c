"""The life of an order: every status, and every step between two of them.

What the table does not list is illegal. Terminal statuses have no way out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"  # a market order once its stop price is reached
    STOP_LIMIT = "stop_limit"  # a limit order once its stop price is reached
    TRAILING_STOP = "trailing_stop"  # a stop that follows the market at a distance

    @property
    def waits_for_stop(self) -> bool:
        return self in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}

    @property
    def has_limit(self) -> bool:
        return self in {OrderType.LIMIT, OrderType.STOP_LIMIT}


class TimeInForce(StrEnum):
    DAY = "day"  # until the close of the session it belongs to
    GTC = "gtc"  # until cancelled
    IOC = "ioc"  # what fills at once; the rest is cancelled
    FOK = "fok"  # all at once or nothing


class Status(StrEnum):
    PENDING_NEW = "pending_new"  # recorded with its hold, on its way to the matcher
    HELD = "held"  # waits for its stop price
    NEW = "new"  # in the book
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"  # refused by the matcher

    @classmethod
    def terminal(cls) -> frozenset[Status]:
        return frozenset({cls.FILLED, cls.CANCELED, cls.EXPIRED, cls.REJECTED})

    @classmethod
    def working(cls) -> list[str]:
        """Statuses in which an order can still fill, in a stable order."""
        return [status.value for status in cls if status not in cls.terminal()]


class Event(StrEnum):
    PLACED = "placed"  # where every order starts; no step of the table
    ACCEPTED = "accepted"
    HELD = "held"
    TRIGGERED = "triggered"  # its stop price was reached
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class CommandKind(StrEnum):
    """What the matcher is asked to do with an order."""

    PLACE = "place"
    CANCEL = "cancel"
    EXPIRE = "expire"
    TRIGGER = "trigger"  # the matcher's own: a stop was reached, and takes its turn from there


_OPEN: Final = (Status.NEW, Status.PARTIALLY_FILLED)

TRANSITIONS: Final[dict[tuple[Status, Event], Status]] = {
    (Status.PENDING_NEW, Event.ACCEPTED): Status.NEW,
    (Status.PENDING_NEW, Event.PARTLY_FILLED): Status.PARTIALLY_FILLED,
    (Status.PENDING_NEW, Event.FILLED): Status.FILLED,
    (Status.PENDING_NEW, Event.REJECTED): Status.REJECTED,
    (Status.PENDING_NEW, Event.CANCELED): Status.CANCELED,  # IOC or FOK found too little
    (Status.PENDING_NEW, Event.EXPIRED): Status.EXPIRED,
    (Status.PENDING_NEW, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
    (Status.PENDING_NEW, Event.HELD): Status.HELD,
    (Status.HELD, Event.TRIGGERED): Status.NEW,
    (Status.HELD, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
    (Status.HELD, Event.CANCELED): Status.CANCELED,
    (Status.HELD, Event.EXPIRED): Status.EXPIRED,
    **{(status, Event.PARTLY_FILLED): Status.PARTIALLY_FILLED for status in _OPEN},
    **{(status, Event.FILLED): Status.FILLED for status in _OPEN},
    **{(status, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL for status in _OPEN},
    **{(status, Event.CANCELED): Status.CANCELED for status in _OPEN},
    **{(status, Event.EXPIRED): Status.EXPIRED for status in _OPEN},
    (Status.PENDING_CANCEL, Event.CANCELED): Status.CANCELED,
    # The fill was matched before our request to cancel reached the book.
    (Status.PENDING_CANCEL, Event.PARTLY_FILLED): Status.PENDING_CANCEL,
    (Status.PENDING_CANCEL, Event.FILLED): Status.FILLED,
    (Status.PENDING_CANCEL, Event.EXPIRED): Status.EXPIRED,
    (Status.PENDING_CANCEL, Event.ACCEPTED): Status.PENDING_CANCEL,
    (Status.PENDING_CANCEL, Event.HELD): Status.PENDING_CANCEL,
    (Status.PENDING_CANCEL, Event.TRIGGERED): Status.PENDING_CANCEL,
    (Status.PENDING_CANCEL, Event.REJECTED): Status.REJECTED,
}


class IllegalTransition(Exception):
    """The order cannot take that step from where it is."""

    def __init__(self, *, status: Status, event: Event) -> None:
        super().__init__(f"An order that is {status} cannot be {event}.")
        self.status = status
        self.event = event


def next_status(status: Status, event: Event) -> Status:
    """Where an event leads.

    Raises:
        IllegalTransition: the table has no such step.
    """
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise IllegalTransition(status=status, event=event) from None
