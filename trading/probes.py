"""What must hold between orders, fills and the books; see the views of migration 0003."""

from __future__ import annotations

from portfolio.bookkeeping.probes import register_probe

CLAIMS = {
    "probe_fills_not_as_posted": "every fill posted exactly its units and its money",
    "probe_crosses_unequal": "in a match between users as much was bought as sold, at one price",
    "probe_orders_not_as_filled": "an order has filled what its fills say, and no more",
    "probe_orders_without_hold": "working orders hold what they may use, finished ones nothing",
    "probe_fills_without_settlement": "every fill has a settlement",
    "probe_command_gaps": "the commands that a shard has done are numbered without gaps",
}


def register() -> None:
    for view, claim in CLAIMS.items():
        register_probe(view, claim)
