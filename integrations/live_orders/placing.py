"""Placing a live order: what a page and the API call alike.

What can be judged is judged before the transaction, as that reads prices and the vault; then the
order is recorded, and a worker sends it. Nothing leaves from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.errors import Problem
from accounts.models import User
from integrations.brokers.adapters import catalogue
from integrations.connections import own_connections
from integrations.connections.arming import NotArmed, standing_arming
from integrations.connections.errors import ConnectionDisabled
from integrations.live_orders import recording
from integrations.live_orders.errors import LiveOrderIdTaken, LiveOrderRefused
from integrations.live_orders.replaceable import refuse_unless_replaceable
from integrations.live_orders.states import Event, Status
from integrations.live_orders.tickets import NAMES, Bounds, LiveTicket, find_problems
from integrations.live_orders.worth import worth_of
from integrations.models import Arming, Connection, LiveOrder
from integrations.vault import credentials as vault
from integrations.vault.errors import CredentialLocked
from market.currencies.exchange_rates import exchange_rate
from market.errors import AmbiguousSymbol, RateMissing, UnknownCurrency, UnknownSymbol
from market.live.live_quotes import latest_quote
from market.models import Instrument
from market.queries import instrument_by_address
from trading.order_entry.stops import OrderEntryStopped, standing_stop

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class JudgedOrder:
    """A ticket in which nothing is wrong; or, where it is a repetition, the order made before."""

    owner: User
    connection_id: UUID
    ticket: LiveTicket
    earlier: LiveOrder | None = None
    instrument: Instrument | None = None
    broker_symbol: str = ""
    value: Decimal = Decimal(0)  # in the currency of the arming
    value_currency: str = ""
    replaces: LiveOrder | None = None  # the order that this one is to take over from


def place_live_order(
    *, owner: User, connection_id: UUID, ticket: LiveTicket, placed_at: datetime
) -> LiveOrder:
    """Judge, then record; see both."""
    judged = judge_live_order(
        owner=owner, connection_id=connection_id, ticket=ticket, judged_at=placed_at
    )
    return record_live_order(judged, placed_at=placed_at)


def judge_live_order(
    *, owner: User, connection_id: UUID, ticket: LiveTicket, judged_at: datetime
) -> JudgedOrder:
    """Find what stands against the order; it asks the vault's state, so no transaction is open.

    Raises:
        ConnectionDisabled, NotArmed: no order leaves through the connection.
        CredentialLocked: its credentials wait for their master password.
        LiveOrderIdTaken: the client's id belongs to another order.
        LiveOrderRefused: ``problems`` names everything that is wrong.
        NotFound: the owner has no such connection.
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    connection = own_connections.find(owner, connection_id)
    if earlier := find_earlier(connection, ticket):
        return JudgedOrder(owner, connection_id, ticket, earlier=earlier)
    if standing_stop() is not None:
        raise OrderEntryStopped
    arming = arming_of(connection)
    if vault.is_locked(own_connections.credential_of(connection)):
        raise CredentialLocked
    adapter = catalogue()[connection.broker]
    problems = find_problems(
        ticket, adapter.capabilities, title=adapter.title, bounds=current_bounds()
    )
    instrument = find_instrument(ticket.symbol, problems)
    if problems or instrument is None:
        raise LiveOrderRefused(problems)
    value = find_value(ticket, instrument, arming, at=judged_at)
    return JudgedOrder(
        owner,
        connection_id,
        ticket,
        instrument=instrument,
        broker_symbol=broker_symbol_of(connection, instrument),
        value=value,
        value_currency=arming.currency,
    )


@transaction.atomic
def record_live_order(judged: JudgedOrder, *, placed_at: datetime) -> LiveOrder:
    """Write it down and have a worker send it; under one client's id there is one order.

    Raises:
        ConnectionDisabled, NotArmed: no order leaves through the connection any more.
        LiveOrderBusy, LiveOrderEnded: the one that it replaces cannot be changed any more.
        LiveOrderIdTaken: the client's id belongs to another order.
        LiveOrderRefused: it is beyond what its owner allowed when he armed the connection.
        NotFound: the owner has no such connection any more.
    """
    connection = own_connections.locked(judged.owner, judged.connection_id)
    if earlier := judged.earlier or find_earlier(
        connection, judged.ticket, replaces=judged.replaces
    ):
        return earlier
    old = recording.locked_order(judged.replaces.id) if judged.replaces else None
    if old is not None:
        refuse_unless_replaceable(old)
    arming = arming_of(connection)
    refuse_beyond(arming, connection, judged, at=placed_at)
    terms = terms_of(judged, connection, arming)
    order = LiveOrder.objects.create(**terms, placed_at=placed_at, changed_at=placed_at)
    recording.note(order, Event.RECORDED, at=placed_at, actor_id=judged.owner.id)
    if old is not None:
        recording.note(old, Event.REPLACE_ASKED, at=placed_at, actor_id=judged.owner.id)
    transaction.on_commit(partial(request_sending, order.id), robust=True)
    return order


def request_sending(order_id: UUID) -> None:
    """The clock's look makes up for a message that is lost."""
    from integrations.tasks import send_live_order as task  # noqa: PLC0415 - tasks import us

    task.apply_async(kwargs={"live_order_id": str(order_id)}, retry=False)


def terms_of(judged: JudgedOrder, connection: Connection, arming: Arming) -> dict[str, object]:
    ticket = judged.ticket
    names = ("client_order_id", "quantity", "notional", *NAMES)
    return {name: getattr(ticket, name) for name in names} | {
        "portfolio_id": connection.portfolio_id,
        "connection": connection,
        "arming": arming,
        "replaces": judged.replaces,
        "broker": connection.broker,
        "connection_name": connection.name,
        "is_sandbox": connection.is_sandbox,
        "instrument": judged.instrument,
        "broker_symbol": judged.broker_symbol,
        "side": ticket.side.value,
        "type": ticket.type.value,
        "time_in_force": ticket.time_in_force.value,
        "value": judged.value,
        "value_currency": judged.value_currency,
        "status": Status.RECORDED.value,
    }


def arming_of(connection: Connection) -> Arming:
    """Raises:
    ConnectionDisabled, NotArmed: no order leaves through it.
    """
    if not connection.is_enabled:
        raise ConnectionDisabled
    arming = standing_arming(connection)
    if arming is None:
        raise NotArmed
    return arming


def find_earlier(
    connection: Connection, ticket: LiveTicket, *, replaces: LiveOrder | None = None
) -> LiveOrder | None:
    """The order made under the ticket's client id, if it is the same order.

    Raises:
        LiveOrderIdTaken: it is another one.
    """
    named = LiveOrder.objects.filter(
        connection=connection, client_order_id=ticket.client_order_id.replace("\x00", "")
    )
    order = named.select_related("instrument").first()
    if order is None:
        return None
    if order.replaces_id != (replaces and replaces.id) or not is_same(order, ticket):
        raise LiveOrderIdTaken(client_order_id=order.client_order_id, order_id=order.id)
    return order


def is_same(order: LiveOrder, ticket: LiveTicket) -> bool:
    names = ("side", "type", "time_in_force", "quantity", "notional", *NAMES)
    _, _, symbol = ticket.symbol.strip().upper().rpartition(":")
    return symbol == order.instrument.symbol and all(
        getattr(order, name) == getattr(ticket, name) for name in names
    )


def find_instrument(address: str, problems: list[Problem]) -> Instrument | None:
    """The instrument, or ``None`` with one more problem."""
    try:
        instrument = instrument_by_address(address)
    except UnknownSymbol:
        problems.append(Problem("symbol", "unknown_symbol", "There is no such instrument."))
        return None
    except AmbiguousSymbol as error:
        problems.append(Problem("symbol", error.code, str(error)))
        return None
    if not instrument.is_active:
        message = f"{instrument.symbol} is no longer traded."
        problems.append(Problem("symbol", "inactive", message))
    return instrument


def find_value(
    ticket: LiveTicket, instrument: Instrument, arming: Arming, *, at: datetime
) -> Decimal:
    """What the order is worth, in the currency of the arming.

    Raises:
        LiveOrderRefused: no price or rate says so.
    """
    quote = latest_quote(instrument.id)
    is_fresh = quote is not None and not quote.is_stale(at, settings.LIMITS.quote_fresh_seconds)
    try:
        rate = exchange_rate(instrument.currency, arming.currency, at.date()).rate
    except (RateMissing, UnknownCurrency) as error:
        raise LiveOrderRefused([Problem("symbol", error.code, str(error))]) from error
    value = worth_of(ticket, quote=quote, is_fresh=is_fresh, rate=rate)
    if value is None:
        message = (
            f"There is no fresh price of {instrument.symbol} to value the order by;"
            " give a limit, or wait for a price."
        )
        raise LiveOrderRefused([Problem("quantity", "no_fresh_price", message)])
    return value


def refuse_beyond(
    arming: Arming, connection: Connection, judged: JudgedOrder, *, at: datetime
) -> None:
    """Raises:
    LiveOrderRefused: beyond a limit that the owner set when he armed the connection.
    """
    problems = []
    most = arming.order_value_maximum
    if judged.value > most or judged.value_currency != arming.currency:
        field = "quantity" if judged.ticket.notional is None else "notional"
        message = (
            f"It is worth about {judged.value} {judged.value_currency};"
            f" this connection is armed for {most} {arming.currency} an order."
        )
        problems.append(Problem(field, "above_arming", message))
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    today = LiveOrder.objects.filter(
        connection=connection, placed_at__gte=midnight, placed_at__lt=midnight + DAY
    )
    if today.count() >= arming.orders_a_day:
        message = f"This connection is armed for {arming.orders_a_day} orders a day (UTC)."
        problems.append(Problem("", "too_many_today", message))
    if problems:
        raise LiveOrderRefused(problems)


def broker_symbol_of(connection: Connection, instrument: Instrument) -> str:
    """What the broker calls it: as the owner has chosen, else as we do."""
    own = {instrument.symbol, f"{instrument.exchange_id}:{instrument.symbol}"}
    chosen = [word for word, address in connection.symbols.items() if address.upper() in own]
    return chosen[0] if chosen else instrument.symbol


def current_bounds() -> Bounds:
    limits = settings.LIMITS
    return Bounds(
        quantity=limits.order_quantity_maximum,
        price=limits.order_price_maximum,
        client_order_id_characters=limits.client_order_id_characters,
    )
