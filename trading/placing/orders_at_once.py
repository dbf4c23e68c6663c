"""The short way of an API request to an order: one statement to look, one to place and answer.

It takes the orders about which nothing is unusual. Everything else, a refusal, a repetition, a
race, is left to the long way (``trading.api.orders.place_order`` under ``accounts.idempotency``),
which judges anew and finds the words for it. Requests that come at the same moment share both
statements, and so a commit: see ``accounts.together``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja.responses import Status

from accounts.http import ApiRequest
from accounts.idempotency import Attempt, build_response
from accounts.together import Together, Unanswered
from market.live import live_quotes
from trading.api.order_schemas import CLIENT_ORDER_ID_LENGTH, OrderIn, OrderOut
from trading.errors import OrderDenied
from trading.order_entry.stops import recording_orders
from trading.orders import tell_placed
from trading.placing.admission import parts_of
from trading.placing.order_drafts import draft_order
from trading.placing.situation import read_row, read_rows, situation_of
from trading.placing.tickets import OrderTicket
from trading.pretrade import has_nearly_all_open_orders

Question = TypeVar("Question")
Answer = TypeVar("Answer")

ADMISSION: Final = "SELECT * FROM trading_order_admission(%s, %s, %s, %s, %s)"
RECORD: Final = f"SELECT trading_record_answered_order({', '.join(['%s'] * 33)})"
# Of several orders one may wait for a balance that somebody holds; the others wait no longer.
PATIENCE: Final = "SELECT set_config('lock_timeout', '250ms', true)"


def place_at_once(
    request: ApiRequest, payload: OrderIn, *, attempt: Attempt
) -> HttpResponse | None:
    """Place the order and keep its answer; ``None``, with nothing changed, for the long way."""
    try:
        return place_together(request, payload, attempt=attempt)
    except Unanswered:
        return None


def place_together(
    request: ApiRequest, payload: OrderIn, *, attempt: Attempt
) -> HttpResponse | None:
    """Look and record, each with the orders that other threads place at the same time.

    Raises:
        Unanswered: the statement failed for one of them; nothing has changed for any.
    """
    caller = request.auth
    if payload.has_exits or not caller.may_use(payload.portfolio_id):
        return None
    mic, symbol = parts_of(payload.symbol)
    client_order_id = client_order_id_of(payload, key=attempt.key)
    facts = ask(looking, [caller.user.id, payload.portfolio_id, symbol, mic, client_order_id])
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
    if ask(recording, Record(draft.balance_id, values)) != "placed":
        return None
    transaction.on_commit(lambda: tell_placed(draft.order))
    return response


@dataclass(frozen=True, slots=True)
class Record:
    """The arguments of trading_record_answered_order, and the balance that it locks."""

    balance_id: int
    values: list[Any]


def ask(together: Together[Question, Answer], question: Question) -> Answer:
    """Ask in company, save inside of a transaction: that is this thread's own affair."""
    if connection.in_atomic_block:
        return together.ask_alone(question)
    return together.ask(question)


def look_at(asked: Sequence[list[Any]]) -> list[Any]:
    """What each order is judged by; ``None`` where it needs a closer look."""
    if len(asked) == 1:
        return [read_row(ADMISSION, asked[0])]
    arms = " UNION ALL ".join(
        f"SELECT {place} AS place, * FROM ({ADMISSION}) AS facts" for place in range(len(asked))
    )
    found: list[list[Any]] = [[] for _ in asked]
    for row in read_rows(arms, [value for values in asked for value in values]):
        found[row.place].append(row)
    return [rows[0] if len(rows) == 1 else None for rows in found]


def record(orders: Sequence[Record]) -> list[str]:
    """Say what became of each order; all of them are one transaction.

    They lock their balances in one order whoever does it, so that none wait for each other.
    """
    places = sorted(range(len(orders)), key=lambda place: orders[place].balance_id)
    arms = [RECORD] * len(orders)
    values = [value for place in places for value in orders[place].values]
    with recording_orders(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([PATIENCE, *arms] if len(arms) > 1 else arms), values)
        said = [str(word) for (word,) in cursor.fetchall()][-len(orders) :]
    outcomes = dict(zip(places, said, strict=True))
    return [outcomes[place] for place in range(len(orders))]


looking: Final[Together[list[Any], Any]] = Together(look_at)
recording: Final[Together[Record, str]] = Together(record)


def ticket_of(payload: OrderIn, *, instrument_id: int, key: str) -> OrderTicket:
    return payload.to_ticket(
        instrument_id=instrument_id, client_order_id=client_order_id_of(payload, key=key)
    )


def client_order_id_of(payload: OrderIn, *, key: str) -> str | None:
    """The client's own, or else the Idempotency-Key where it is short enough."""
    fallback = key if len(key) <= CLIENT_ORDER_ID_LENGTH else None
    return payload.client_order_id or fallback
