"""The short way of an API request to an order: one statement to look, one to place and answer.

It takes the orders about which nothing is unusual. Everything else, a refusal, a repetition, a
race, is left to the long way (``trading.api.orders.place_order`` under ``accounts.idempotency``),
which judges anew and finds the words for it.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja.responses import Status

from accounts.http import ApiRequest
from accounts.idempotency import Attempt, build_response
from market.live import live_quotes
from trading.api.order_schemas import CLIENT_ORDER_ID_LENGTH, OrderIn, OrderOut
from trading.errors import OrderDenied
from trading.order_entry.stops import recording_orders
from trading.orders import tell_placed
from trading.placing.admission import parts_of
from trading.placing.order_drafts import draft_order
from trading.placing.situation import read_row, situation_of
from trading.placing.tickets import OrderTicket
from trading.pretrade import has_nearly_all_open_orders

ADMISSION: Final = "SELECT * FROM trading_order_admission(%s, %s, %s, %s, %s)"
RECORD: Final = f"SELECT trading_record_answered_order({', '.join(['%s'] * 33)})"


def place_at_once(
    request: ApiRequest, payload: OrderIn, *, attempt: Attempt
) -> HttpResponse | None:
    """Place the order and keep its answer; ``None``, with nothing changed, for the long way."""
    caller = request.auth
    if payload.has_exits or not caller.may_use(payload.portfolio_id):
        return None
    mic, symbol = parts_of(payload.symbol)
    client_order_id = client_order_id_of(payload, key=attempt.key)
    facts = read_row(
        ADMISSION, [caller.user.id, payload.portfolio_id, symbol, mic, client_order_id]
    )
    if facts is None or facts.earlier_order_id is not None:
        return None
    now = timezone.now()
    situation = situation_of(facts, quote=live_quotes.latest_quote(facts.instrument_id), at=now)
    if has_nearly_all_open_orders(situation.means):
        return None
    ticket = ticket_of(payload, instrument_id=facts.instrument_id, key=attempt.key)
    try:
        draft = draft_order(payload.portfolio_id, ticket, situation, placed_at=now)
    except OrderDenied:
        return None
    response = build_response(Status(201, OrderOut.from_order(draft.order, symbol=symbol)))
    values = [
        *draft.values(actor_id=caller.user.id),
        *attempt.values(response),
        *draft.stop_values(),
    ]
    with recording_orders(), connection.cursor() as cursor:
        cursor.execute(RECORD, values)
        (outcome,) = cursor.fetchone()
    if outcome != "placed":
        return None
    transaction.on_commit(lambda: tell_placed(draft.order))
    return response


def ticket_of(payload: OrderIn, *, instrument_id: int, key: str) -> OrderTicket:
    return payload.to_ticket(
        instrument_id=instrument_id, client_order_id=client_order_id_of(payload, key=key)
    )


def client_order_id_of(payload: OrderIn, *, key: str) -> str | None:
    """The client's own, or else the Idempotency-Key where it is short enough."""
    fallback = key if len(key) <= CLIENT_ORDER_ID_LENGTH else None
    return payload.client_order_id or fallback
