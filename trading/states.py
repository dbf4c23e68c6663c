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


class OrderClass(StrEnum):
    SIMPLE = "simple"
    BRACKET = "bracket"  # an entry, a take-profit and a stop-loss
    OCO = "oco"  # a take-profit and a stop-loss; one cancels the other
    OTO = "oto"  # an entry and one exit

    @property
    def has_entry(self) -> bool:
        return self in {OrderClass.BRACKET, OrderClass.OTO}


class TimeInForce(StrEnum):
    DAY = "day"  # until the close of the session it belongs to
    GTC = "gtc"  # until cancelled
    IOC = "ioc"  # what fills at once; the rest is cancelled
    FOK = "fok"  # all at once or nothing
    OPG = "opg"  # in the opening auction alone
    CLS = "cls"  # in the closing auction alone

    @property
    def may_rest(self) -> bool:
        return self in {TimeInForce.DAY, TimeInForce.GTC}

    @property
    def is_auction(self) -> bool:
        return self in {TimeInForce.OPG, TimeInForce.CLS}


class Status(StrEnum):
    PENDING_NEW = "pending_new"  # recorded with its hold, on its way to the matcher
    HELD = "held"  # waits for its stop price
    ACCEPTED = "accepted"  # taken; waits for its market to open, or for its auction
    NEW = "new"  # in the book
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    PENDING_REPLACE = "pending_replace"  # works until the order that is to replace it takes over
    SUSPENDED = "suspended"  # trading in its instrument is halted; it keeps its place
    REPLACED = "replaced"  # another took over what it had left
    EXPIRED = "expired"
    REJECTED = "rejected"  # the matcher could not carry it out
    DENIED = "denied"  # a check of this desk refused it when its turn came

    @classmethod
    def terminal(cls) -> frozenset[Status]:
        return frozenset(
            {cls.FILLED, cls.CANCELED, cls.REPLACED, cls.EXPIRED, cls.REJECTED, cls.DENIED}
        )

    @classmethod
    def working(cls) -> list[str]:
        """Statuses in which an order can still fill, in a stable order."""
        return [status.value for status in cls if status not in cls.terminal()]


class Event(StrEnum):
    PLACED = "placed"  # where every order starts; no step of the table
    ACCEPTED = "accepted"
    QUEUED = "queued"  # its market is closed
    OPENED = "opened"  # and has opened
    HELD = "held"
    TRIGGERED = "triggered"  # its stop price was reached
    ACTIVATED = "activated"  # an exit goes to the book, after its entry
    ARMED = "armed"  # an exit begins to wait for its stop price
    REDUCED = "reduced"  # its partner filled a part
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELED = "canceled"
    REPLACE_REQUESTED = "replace_requested"
    REPLACED = "replaced"
    REPLACE_REJECTED = "replace_rejected"  # it stays as it was
    SUSPENDED = "suspended"  # its instrument was halted
    RESUMED = "resumed"  # and trades again; it stands as before
    RESTATED = "restated"  # a split of its instrument changed its quantity and prices
    EXPIRED = "expired"
    REJECTED = "rejected"
    DENIED = "denied"


class CommandKind(StrEnum):
    """What the matcher is asked to do with an order."""

    PLACE = "place"
    CANCEL = "cancel"
    REPLACE = "replace"  # by the order that the command names
    EXPIRE = "expire"
    RESTATE = "restate"  # with its whole group, for a split of its instrument
    # The matcher's own: the order takes its turn from there.
    TRIGGER = "trigger"  # its stop was reached
    ACTIVATE = "activate"  # it is an exit, and its entry is done


_OPEN: Final = (Status.NEW, Status.PARTIALLY_FILLED, Status.ACCEPTED)
# Asked to end or to make way; the book has not answered yet, and may say anything else first.
_ASKED: Final = (Status.PENDING_CANCEL, Status.PENDING_REPLACE)

TRANSITIONS: Final[dict[tuple[Status, Event], Status]] = {
    (Status.PENDING_NEW, Event.ACCEPTED): Status.NEW,
    (Status.PENDING_NEW, Event.PARTLY_FILLED): Status.PARTIALLY_FILLED,
    (Status.PENDING_NEW, Event.FILLED): Status.FILLED,
    (Status.PENDING_NEW, Event.REJECTED): Status.REJECTED,
    (Status.PENDING_NEW, Event.CANCELED): Status.CANCELED,  # IOC or FOK found too little
    (Status.PENDING_NEW, Event.EXPIRED): Status.EXPIRED,
    (Status.PENDING_NEW, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
    (Status.PENDING_NEW, Event.REPLACE_REQUESTED): Status.PENDING_REPLACE,
    (Status.PENDING_NEW, Event.HELD): Status.HELD,
    (Status.PENDING_NEW, Event.QUEUED): Status.ACCEPTED,
    (Status.PENDING_NEW, Event.DENIED): Status.DENIED,
    (Status.ACCEPTED, Event.OPENED): Status.NEW,
    (Status.NEW, Event.QUEUED): Status.ACCEPTED,  # an exit that woke after the close
    (Status.HELD, Event.TRIGGERED): Status.NEW,
    (Status.HELD, Event.ACTIVATED): Status.NEW,
    (Status.HELD, Event.ARMED): Status.HELD,
    (Status.HELD, Event.REDUCED): Status.HELD,
    (Status.HELD, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
    (Status.HELD, Event.REPLACE_REQUESTED): Status.PENDING_REPLACE,
    (Status.HELD, Event.CANCELED): Status.CANCELED,
    (Status.HELD, Event.EXPIRED): Status.EXPIRED,
    **{(status, Event.PARTLY_FILLED): Status.PARTIALLY_FILLED for status in _OPEN},
    **{(status, Event.FILLED): Status.FILLED for status in _OPEN},
    **{(status, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL for status in _OPEN},
    **{(status, Event.REPLACE_REQUESTED): Status.PENDING_REPLACE for status in _OPEN},
    **{(status, Event.CANCELED): Status.CANCELED for status in _OPEN},
    **{(status, Event.EXPIRED): Status.EXPIRED for status in _OPEN},
    # Nothing trades during a halt, so those who wait for it can only be ended or moved on.
    **{(status, Event.SUSPENDED): Status.SUSPENDED for status in (*_OPEN, Status.HELD)},
    **{
        (Status.SUSPENDED, event): Status.SUSPENDED
        for event in (Event.ACTIVATED, Event.ARMED, Event.REDUCED, Event.QUEUED)
    },
    (Status.SUSPENDED, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
    (Status.SUSPENDED, Event.REPLACE_REQUESTED): Status.PENDING_REPLACE,
    (Status.SUSPENDED, Event.CANCELED): Status.CANCELED,
    (Status.SUSPENDED, Event.EXPIRED): Status.EXPIRED,
    # A split leaves it where it stands, for other units.
    **{
        (status, Event.RESTATED): status
        for status in (*_OPEN, *_ASKED, Status.HELD, Status.SUSPENDED)
    },
    # What was matched before our request reached the book.
    **{(status, Event.ACCEPTED): status for status in _ASKED},
    **{(status, Event.HELD): status for status in _ASKED},
    **{(status, Event.TRIGGERED): status for status in _ASKED},
    **{(status, Event.ACTIVATED): status for status in _ASKED},
    **{(status, Event.ARMED): status for status in _ASKED},
    **{(status, Event.REDUCED): status for status in _ASKED},
    **{(status, Event.PARTLY_FILLED): status for status in _ASKED},
    **{(status, Event.FILLED): Status.FILLED for status in _ASKED},
    **{(status, Event.CANCELED): Status.CANCELED for status in _ASKED},
    **{(status, Event.EXPIRED): Status.EXPIRED for status in _ASKED},
    **{(status, Event.REJECTED): Status.REJECTED for status in _ASKED},
    **{(status, Event.DENIED): Status.DENIED for status in _ASKED},
    **{(status, Event.QUEUED): status for status in _ASKED},
    **{(status, Event.SUSPENDED): status for status in _ASKED},
    **{(status, Event.RESUMED): status for status in _ASKED},
    # The replacement was on its way already; whoever cancels cancels that one too.
    **{(status, Event.REPLACED): Status.REPLACED for status in _ASKED},
    (Status.PENDING_CANCEL, Event.REPLACE_REJECTED): Status.PENDING_CANCEL,
    (Status.PENDING_REPLACE, Event.CANCEL_REQUESTED): Status.PENDING_CANCEL,
}

# Steps back to where the order stands; which of these that is, ``standing_status`` says.
STEPS_BACK: Final[dict[tuple[Status, Event], frozenset[Status]]] = {
    (Status.SUSPENDED, Event.RESUMED): frozenset({*_OPEN, Status.HELD}),
    (Status.PENDING_REPLACE, Event.REPLACE_REJECTED): frozenset(
        {*_OPEN, Status.HELD, Status.SUSPENDED}
    ),
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


def status_back(status: Status, event: Event, *, standing: Status) -> Status:
    """Where an event leads that lets the order go on as it stands.

    Raises:
        IllegalTransition: it leads from there to nowhere, or not to that.
    """
    if standing not in STEPS_BACK.get((status, event), ()):
        raise IllegalTransition(status=status, event=event)
    return standing


def standing_status(
    *, is_held: bool, has_filled: bool, is_queued: bool = False, is_suspended: bool = False
) -> Status:
    """The status of a working order of which nothing is asked, by where it stands.

    ``REPLACE_REJECTED`` and ``RESUMED`` lead there, see ``STEPS_BACK``.
    """
    if is_suspended:
        return Status.SUSPENDED
    if is_held:
        return Status.HELD
    if has_filled:
        return Status.PARTIALLY_FILLED
    return Status.ACCEPTED if is_queued else Status.NEW
