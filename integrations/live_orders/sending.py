"""Sending a live order: once, by one worker, outside any transaction.

Before anything is submitted a failure is sure to have sent nothing, and the order ends there.
Whatever goes wrong from then on leaves it unknown, and the broker is asked by the order's id, by
which it knows it, before anything else happens. Nothing is ever sent a second time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.errors import HoldfastError
from integrations.connections.arming import standing_arming
from integrations.connections.broken_sessions import need_sign_in
from integrations.connections.syncing import sign_in
from integrations.live_orders import states
from integrations.live_orders.recording import Facts, locked_order, take_step
from integrations.live_orders.states import Event, Status
from integrations.live_orders.telling import facts_of, told_event
from integrations.live_orders.tickets import NAMES
from integrations.models import Connection, LiveOrder
from integrations.vault.errors import VaultError
from trading.broker_errors import (
    BrokerError,
    DefiniteBrokerError,
    OrderRepeated,
    RequestInvalid,
    SignInNeeded,
)
from trading.brokers import (
    Accepted,
    BrokerOrderChange,
    BrokerOrderRequest,
    BrokerSession,
    OrderResult,
    Rejected,
)

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
TOO_LATE: Final = "It was not sent in time, so it was not sent at all."
UNREPLACEABLE: Final = "The order that it was to replace had ended, or was to be cancelled."
UNARMED: Final = "The connection was disarmed before it was sent."
LOST: Final = "The worker that sent it died; the broker is asked whether it has it."
UNFORESEEN: Final = "Something went wrong here while it was sent; the broker is asked."


class NotInTime(HoldfastError):
    """Getting ready took so long that the order is not sent."""

    code = "not_in_time"


def send_live_order(order_id: UUID, *, clock: Clock) -> None:
    """Send an order, once, however often the message comes."""
    order = begin_sending(order_id, at=clock())
    if order is None or order.connection is None:
        return
    try:
        session = get_ready(order, order.connection, clock=clock)
    except (BrokerError, VaultError, NotInTime) as error:
        if isinstance(error, SignInNeeded):
            need_sign_in(order.connection, str(error), at=clock())
        conclude(order.id, Event.NOT_SENT, Facts(reason=f"Nothing was sent: {error}"), at=clock())
        return
    try:
        result = submit(order, session)
    except DefiniteBrokerError as error:
        hear(order, Rejected(error), at=clock())
    except BrokerError as error:
        conclude(order.id, Event.LOST, Facts(reason=str(error)), at=clock())
    except Exception:
        logger.exception("The live order %s could not be sent.", order_id)
        conclude(order.id, Event.LOST, Facts(reason=UNFORESEEN), at=clock())
        raise
    else:
        hear(order, result, at=clock())


@transaction.atomic
def begin_sending(order_id: UUID, *, at: datetime) -> LiveOrder | None:
    """Take the order in hand, unless somebody has or it must not leave any more."""
    order = locked_order(order_id)
    if order.status != Status.RECORDED:
        return None
    connection = order.connection
    is_armed = (
        connection is not None
        and order.arming_id is not None
        and (arming := standing_arming(connection)) is not None
        and arming.id == order.arming_id
        and connection.is_enabled
    )
    if not is_armed:
        take_step(order, Event.NOT_SENT, at=at, facts=Facts(reason=UNARMED))
        return None
    if order.replaces is not None and not order.replaces.may_be_replaced:
        take_step(order, Event.NOT_SENT, at=at, facts=Facts(reason=UNREPLACEABLE))
        return None
    if at - order.placed_at > timedelta(seconds=settings.LIMITS.live_order_fresh_seconds):
        take_step(order, Event.NOT_SENT, at=at, facts=Facts(reason=TOO_LATE))
        return None
    order.sent_at = at
    take_step(order, Event.SENDING, at=at)
    return order


def get_ready(order: LiveOrder, connection: Connection, *, clock: Clock) -> BrokerSession:
    """Sign in, and make sure that it is the account that the owner armed. Nothing is sent yet.

    Raises:
        BrokerError: it does not let us in, or is another account.
        NotInTime: that took too long.
        VaultError: the credentials cannot be read.
    """
    session = sign_in(connection)
    if session.account().id != connection.account_id:
        raise RequestInvalid("The credentials are of another account than the one that was armed.")
    begun = order.sent_at or order.placed_at
    if clock() - begun > timedelta(seconds=settings.LIMITS.live_order_submit_seconds):
        raise NotInTime(TOO_LATE)
    return session


def submit(order: LiveOrder, session: BrokerSession) -> OrderResult:
    """Ask the broker for it: anew, or in the place of the one that it replaces."""
    if order.replaces is None:
        return session.submit(request_of(order))
    return session.replace(order.replaces.broker_order_id, change_of(order, order.replaces))


def change_of(order: LiveOrder, old: LiveOrder) -> BrokerOrderChange:
    """What differs; the rest stays as the broker has it."""
    changed = {
        name: short(value)
        for name in ("quantity", *NAMES)
        if (value := getattr(order, name)) != getattr(old, name)
    }
    is_other_time = order.time_in_force != old.time_in_force
    return BrokerOrderChange(
        client_order_id=str(order.id),
        time_in_force=order.time_in_force if is_other_time else None,
        **changed,
    )


def request_of(order: LiveOrder) -> BrokerOrderRequest:
    names = ("quantity", "notional", *NAMES)
    numbers = {name: short(getattr(order, name)) for name in names}
    return BrokerOrderRequest(
        client_order_id=str(order.id),
        symbol=order.broker_symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        **numbers,
    )


def short(number: Decimal | None) -> Decimal | None:
    """Without the zeros at its end that the database keeps: some brokers count places."""
    return None if number is None else number.normalize()


def hear(order: LiveOrder, result: OrderResult, *, at: datetime) -> None:
    """Write down what the broker answered."""
    if isinstance(result, Accepted):
        conclude(order.id, told_event(result.order), facts_of(result.order), at=at)
        return
    error = result.error
    if isinstance(result, Rejected) and not isinstance(error, OrderRepeated):
        facts = Facts(reason=str(error), raw=result.raw)
        if isinstance(error, SignInNeeded) and order.connection is not None:
            need_sign_in(order.connection, str(error), at=at)
        conclude(order.id, Event.REJECTED, facts, at=at)
        return
    # That it has one of that id means ours: nobody else makes such ids.
    conclude(order.id, Event.LOST, Facts(reason=str(error)), at=at)


@transaction.atomic
def conclude(order_id: UUID, event: Event, facts: Facts, *, at: datetime) -> None:
    """Take the step, unless it was found out meanwhile in another way."""
    order = locked_order(order_id)
    if states.may(order.status, event):
        take_step(order, event, at=at, facts=facts)


def end_silent(*, at: datetime) -> None:
    """What a dead worker had in hand is unknown from now on."""
    before = at - timedelta(seconds=settings.LIMITS.live_order_silence_seconds)
    silent = LiveOrder.objects.filter(status=Status.SENDING, sent_at__lt=before)
    for order_id in silent.order_by("sent_at", "id").values_list("id", flat=True):
        conclude(order_id, Event.LOST, Facts(reason=LOST), at=at)
