"""Live orders in the stream of their portfolio: each step, to the portfolio's owner alone."""

from __future__ import annotations

from typing import Final

from trading.live.stream_sources import StreamSource, register_stream_source

STEPS: Final = StreamSource(
    name="live_order",
    select="""
        SELECT step.id::text AS id, step.recorded_xid::text::bigint AS xid,
            step.order_id::text AS subject_id
        FROM integrations_liveorderevent AS step
        JOIN integrations_liveorder AS owner ON owner.id = step.order_id
        JOIN portfolio_portfolio AS portfolio ON portfolio.id = owner.portfolio_id
        WHERE step.recorded_xid >= %(since)s::text::xid8
          AND step.recorded_xid < %(until)s::text::xid8 AND portfolio.id = %(portfolio)s
          AND portfolio.owner_id = %(watcher)s
    """,
)


def register() -> None:
    register_stream_source(STEPS)
