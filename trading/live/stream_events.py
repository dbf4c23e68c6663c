"""What happened in a portfolio, in an order that can be resumed after any break.

A change of an order, an entry of the journal, an alert that fired, what becomes of a closing and
what apps above tell of (``stream_sources``) each remember their transaction. Transactions commit in
another order than they began, but below ``pg_snapshot_xmin`` all have ended: what was read up to
there is complete for good. So a message's ``seq`` is its transaction, or that horizon where the
horizon is lower, and whoever asks for everything from the last ``seq`` he saw misses nothing. He
may hear the newest messages twice, and knows them by their ``id``, which is of one event for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from portfolio.bookkeeping.bulk import fetch_rows
from trading.live.stream_sources import StreamSource, stream_sources

# Further back than so many transactions nobody looks; the reader loads everything anew.
REACH: Final = 5_000_000
# So close, what the whole desk did is soon gone through; further back rather what a portfolio did.
NEAR: Final = 500
# Keeps the planner from beginning with all that a portfolio ever did, as it does where it has no
# statistics of tables that have just grown.
NEWEST_FIRST: Final = "OFFSET 0"

HORIZON: Final = """
SELECT pg_snapshot_xmin(snapshot)::text::bigint, pg_snapshot_xmax(snapshot)::text::bigint
FROM pg_current_snapshot() AS snapshot
"""
# Between two horizons. Rows of (source, id, xid, order_id, fill_id, is_units, subject_id).
OWN_EVENTS: Final = """
    SELECT 'order' AS source, event.id::text AS id, event.recorded_xid::text::bigint AS xid,
        event.order_id::text AS order_id, event.details ->> 'fill_id' AS fill_id, false AS is_units,
        NULL AS subject_id
    FROM (
        SELECT * FROM trading_orderevent
        WHERE recorded_xid >= %(since)s::text::xid8 AND recorded_xid < %(until)s::text::xid8 {fence}
    ) AS event
    JOIN LATERAL (
        SELECT portfolio_id FROM trading_order WHERE id = event.order_id {fence}
    ) AS owner ON owner.portfolio_id = %(portfolio)s
    UNION ALL
    SELECT 'entry', entry.id::text, entry.recorded_xid::text::bigint, NULL, NULL,
        entry.instrument_id IS NOT NULL, NULL
    FROM (
        SELECT * FROM portfolio_journalentry
        WHERE recorded_xid >= %(since)s::text::xid8 AND recorded_xid < %(until)s::text::xid8 {fence}
    ) AS entry
    WHERE entry.portfolio_id = %(portfolio)s
    UNION ALL
    SELECT 'alert', fired.id::text, fired.recorded_xid::text::bigint, NULL, NULL, false,
        fired.alert_id::text
    FROM market_alerttrigger AS fired
    WHERE fired.recorded_xid >= %(since)s::text::xid8
      AND fired.recorded_xid < %(until)s::text::xid8 AND fired.owner_id = %(watcher)s
      AND (fired.portfolio_id = %(portfolio)s OR fired.portfolio_id IS NULL AND EXISTS (
          SELECT FROM portfolio_position AS held
          WHERE held.portfolio_id = %(portfolio)s
            AND held.instrument_id = fired.instrument_id AND held.quantity <> 0))
    UNION ALL
    SELECT 'closing', closing.id::text || ':' || closing.changed_xid::text,
        closing.changed_xid::text::bigint, NULL, NULL, false, closing.id::text
    FROM trading_positionclosing AS closing
    WHERE closing.changed_xid >= %(since)s::text::xid8
      AND closing.changed_xid < %(until)s::text::xid8 AND closing.portfolio_id = %(portfolio)s
"""
SOURCE_EVENTS: Final = """
    UNION ALL
    SELECT '{name}', told.id, told.xid, NULL, NULL, false, told.subject_id FROM ({select}) AS told
"""
IN_ORDER: Final = """
SELECT * FROM ({events}) AS happened ORDER BY xid, source DESC, length(id), id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A change of an order, an entry of the journal, or what is told of ``subject_id`` alone.

    ``key`` is the source with the event's id in it.
    """

    key: tuple[str, str]
    xid: int
    order_id: str | None
    fill_id: str | None
    is_units: bool
    subject_id: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Everything from one point on. ``horizon`` is where to go on; ``events`` None: too much."""

    horizon: int
    events: list[StreamEvent] | None


def current_horizon() -> int:
    """The point below which nothing new can appear."""
    return int(fetch_rows(HORIZON, [])[0][0])


@cache
def events_statement(sources: tuple[StreamSource, ...], *, is_near: bool) -> str:
    """The SQL of everything that happens in a portfolio."""
    own = OWN_EVENTS.format(fence=NEWEST_FIRST if is_near else "")
    more = (SOURCE_EVENTS.format(name=it.name, select=it.select) for it in sources)
    return IN_ORDER.format(events="".join((own, *more)))


def read_stretch(portfolio_id: UUID, *, since: int, watcher_id: UUID | None = None) -> Stretch:
    """What happened from ``since`` on, oldest first.

    Args:
        watcher_id: who is told. Alerts, of the portfolio or on an instrument that it holds, are
            told to nobody but their owner, and None is told of none. Sources of apps above say
            themselves whom they tell.
    """
    # First the horizon: what begins between the two statements rings when it has committed.
    ((horizon, counter),) = fetch_rows(HORIZON, [])
    if not horizon - REACH <= since <= counter:
        return Stretch(horizon, None)
    allowed = settings.LIMITS.stream_replay_events
    statement = events_statement(stream_sources(), is_near=counter - since <= NEAR)
    bounds = {"since": since, "until": counter, "limit": allowed + 1}
    rows = fetch_rows(statement, bounds | {"portfolio": portfolio_id, "watcher": watcher_id})
    if len(rows) > allowed:
        return Stretch(horizon, None)
    return Stretch(horizon, [StreamEvent((row[0], row[1]), *row[2:]) for row in rows])


def messages_of(stretch: Stretch, *, told: Collection[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The messages for what was not told yet; that cash or positions changed is said once, last.

    These two tell of no event of their own, so they alone have no ``id``.
    """
    has_units = has_cash = False
    seq = stretch.horizon
    for event in stretch.events or ():
        seq = min(event.xid, stretch.horizon)
        if event.key in told:
            continue
        known = {"id": ":".join(event.key), "seq": seq}
        source = event.key[0]
        if event.subject_id is not None:
            ids = {f"{source}_id": event.subject_id}
            if source == "alert":
                ids["trigger_id"] = event.key[1]
            yield {"type": source, **ids, **known}
            continue
        has_cash = True  # an order reserves or releases some
        if event.order_id is not None:
            yield {"type": "order", "order_id": event.order_id, **known}
            if event.fill_id:
                ids = {"fill_id": event.fill_id, "order_id": event.order_id}
                yield {"type": "fill", **ids, "id": f"fill:{event.fill_id}", "seq": seq}
        has_units = has_units or event.is_units or event.fill_id is not None
    if has_units:
        yield {"type": "positions", "seq": seq}
    if has_cash:
        yield {"type": "cash", "seq": seq}
