"""Statuses and steps of live orders in words for investors. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.live_orders.states import Event, Status

STATUSES: Final[Mapping[Status, str]] = {
    Status.RECORDED: "about to be sent",
    Status.SENDING: "being sent",
    Status.UNKNOWN: "outcome unknown",
    Status.ACCEPTED: "accepted",
    Status.PARTIALLY_FILLED: "partially filled",
    Status.FILLED: "filled",
    Status.CANCELED: "cancelled",
    Status.REPLACED: "replaced",
    Status.EXPIRED: "expired",
    Status.REJECTED: "refused",
    Status.NOT_RECEIVED: "never received",
    Status.UNFOLLOWED: "no longer followed",
}
EVENTS: Final[Mapping[Event, str]] = {
    Event.RECORDED: "Placed here",
    Event.SENDING: "Being sent",
    Event.NOT_SENT: "Not sent",
    Event.LOST: "Sent, and no answer says what became of it",
    Event.ACCEPTED: "The broker has it",
    Event.PARTLY_FILLED: "A part is filled",
    Event.FILLED: "Filled",
    Event.CANCELED: "Cancelled",
    Event.REPLACED: "Replaced by another order",
    Event.EXPIRED: "Expired",
    Event.REJECTED: "Refused by the broker",
    Event.NOT_FOUND: "Never received by the broker",
    Event.UNFOLLOWED: "No longer followed",
    Event.CANCEL_ASKED: "You asked to cancel it",
    Event.CANCEL_REFUSED: "The broker would not cancel it",
    Event.REPLACE_ASKED: "You asked to change it",
    Event.NOT_REPLACED: "The change was not made",
}
