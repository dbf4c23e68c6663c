"""Arming a connection: its owner's word that real orders may leave through it, within limits.

Whoever calls this has made sure a moment ago that it is the owner: a page by a fresh sign-in, the
API by his password. So an owner who has nothing to be asked for cannot arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import HoldfastError, Problem, ProblemsError
from accounts.models import User
from accounts.sign_in import has_means_to_confirm
from integrations import outbox
from integrations.brokers.adapters import catalogue
from integrations.connections import own_connections
from integrations.connections.audited import target
from integrations.connections.disarming import BY_OWNER, disarm
from integrations.events.kinds import ConnectionArmed
from integrations.models import Arming, Connection
from portfolio.models import PortfolioKind

CENT: Final = Decimal("0.01")
NO_DEMO: Final = "A demo sends no orders to a broker; sign up for an account of your own."
NO_MEANS: Final = (
    "Set a password or a second factor first: with neither, nobody could tell whether it is you"
    " who arms."
)


class ArmingRefused(ProblemsError):
    """The connection was not armed; ``problems`` says why."""

    code = "arming_refused"


class NotArmable(HoldfastError):
    """No order can leave through this connection as it is."""

    code = "not_armable"


class NotArmed(HoldfastError):
    """No order may leave through the connection; its owner arms it first."""

    code = "connection_not_armed"

    def __init__(self) -> None:
        super().__init__("The connection is not armed, so no order leaves through it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmingTerms:
    order_value_maximum: Decimal  # of one order, in the portfolio's currency
    orders_a_day: int


def arm_connection(
    *, owner: User, connection_id: UUID, terms: ArmingTerms, armed_at: datetime
) -> Arming:
    """Let real orders leave through a connection; one that is armed is armed anew.

    Raises:
        ArmingRefused: ``problems`` names each limit that will not do.
        NotArmable: its owner may not, the broker takes no orders here, or the connection is not in
            order.
        NotFound: the owner has no such connection.
    """
    if problems := find_problems(terms):
        raise ArmingRefused(problems)
    with transaction.atomic():
        connection = own_connections.locked(owner, connection_id)
        if hindrance := find_hindrance(owner):
            raise NotArmable(hindrance)
        refuse_unfit(connection)
        Arming.objects.filter(connection=connection, disarmed_at=None).update(
            disarmed_at=armed_at, disarmed_because="It was armed anew."
        )
        arming = Arming.objects.create(
            connection=connection,
            order_value_maximum=terms.order_value_maximum,
            currency=connection.portfolio.currency,
            orders_a_day=terms.orders_a_day,
            armed_at=armed_at,
        )
        tell_armed(connection, arming)
    return arming


def tell_armed(connection: Connection, arming: Arming) -> None:
    limits = {
        "order_value_maximum": arming.order_value_maximum,
        "currency": arming.currency,
        "orders_a_day": arming.orders_a_day,
    }
    audit.record(
        action="connection.armed",
        **target(connection),
        after=limits,
        occurred_at=arming.armed_at,
    )
    event = ConnectionArmed(
        owner_id=connection.owner_id,
        occurred_at=arming.armed_at,
        connection_id=connection.id,
        broker=connection.broker,
        name=connection.name,
        order_value_maximum=arming.order_value_maximum,
        currency=arming.currency,
        orders_a_day=arming.orders_a_day,
    )
    outbox.put([event], recorded_at=arming.armed_at)


@transaction.atomic
def disarm_connection(*, owner: User, connection_id: UUID, disarmed_at: datetime) -> None:
    """Harmless where it is not armed.

    Raises:
        NotFound: the owner has no such connection.
    """
    connection = own_connections.locked(owner, connection_id)
    disarm(connection, because=BY_OWNER, at=disarmed_at)


def standing_arming(connection: Connection) -> Arming | None:
    return Arming.objects.filter(connection=connection, disarmed_at=None).first()


def find_problems(terms: ArmingTerms) -> list[Problem]:
    most, orders = settings.LIMITS.arming_value_maximum, settings.LIMITS.arming_orders_maximum
    problems = []
    value = terms.order_value_maximum
    if not value.is_finite() or not 0 < value <= most:
        message = f"order_value_maximum must be > 0 and <= {most}."
        problems.append(Problem("order_value_maximum", "out_of_range", message))
    elif value != value.quantize(CENT):
        message = "order_value_maximum may have two decimal places."
        problems.append(Problem("order_value_maximum", "too_precise", message))
    if not 0 < terms.orders_a_day <= orders:
        message = f"orders_a_day was {terms.orders_a_day}, must be > 0 and <= {orders}."
        problems.append(Problem("orders_a_day", "out_of_range", message))
    return problems


def find_hindrance(owner: User) -> str:
    """Why he arms no connection, whichever it is; empty where nothing stands against it."""
    if owner.is_demo:
        return NO_DEMO
    return "" if has_means_to_confirm(owner) else NO_MEANS


def refuse_unfit(connection: Connection) -> None:
    """Raises:
    NotArmable: orders cannot leave through it.
    """
    adapter = catalogue()[connection.broker]
    if not adapter.capabilities.trades:
        raise NotArmable(f"{adapter.title} takes no orders from here.")
    if connection.portfolio.kind != PortfolioKind.TRACKED:
        raise NotArmable("Only the connection of a tracked portfolio can be armed.")
    if connection.portfolio.archived_at is not None:
        raise NotArmable("Its portfolio is archived.")
    if connection.state != "connected":
        raise NotArmable("Verify the connection first: the broker must let us in.")
