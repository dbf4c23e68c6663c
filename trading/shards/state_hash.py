"""The state of a matcher's books as one hash: the same where the same happens next. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from trading.order_book import BookOrder, OrderBook
from trading.shards.batches import WorkingOrder
from trading.shards.shard import Shard

NONE: Final = "-"


def state_hash(shard: Shard) -> str:
    """SHA-256, as hexadecimal digits, over a line for each thing that decides what happens next.

    Who works with what is left of it and up to which price; who stands before whom, and who waits;
    stops in the order of their arrival with what trailing ones have heard; who belongs to whom.
    """
    digest = hashlib.sha256()
    for line in lines_of(shard):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def lines_of(shard: Shard) -> Iterator[str]:
    for order_id in sorted(shard.orders):
        yield _of_order(shard, shard.orders[order_id])
    for instrument_id in sorted(shard.books):
        yield from _of_book(instrument_id, shard.books[instrument_id])
    for instrument_id in sorted(shard.stops):
        waiting = sorted(shard.stops[instrument_id].stops.values(), key=lambda stop: stop.arrival)
        for stop in waiting:
            yield f"stop {instrument_id} {stop.id} {stop.price} {stop.mark}"


def _of_order(shard: Shard, order: WorkingOrder) -> str:
    return (
        f"order {order.id} {shard.remaining(order)} {order.worst_price.normalize()}"
        f" {order.parent_id or NONE} {order.is_dormant:d} {order.is_triggered:d}"
        f" {order.expires_at}"
    )


def _of_book(instrument_id: int, book: OrderBook) -> Iterator[str]:
    """Whether one that crosses nothing rests or still waits to is the same."""
    waiting = list(book.waiting.values())
    for side, is_buy in ((book.bids, True), (book.asks, False)):
        limits = (one for one in waiting if one.is_buy is is_buy and not one.is_market)
        yield from _lines(f"limit {instrument_id}", sorted([*side, *limits], key=_price_of))
    yield from _lines(f"market {instrument_id}", (one for one in waiting if one.is_market))


def _price_of(order: BookOrder) -> int:
    return order.key


def _lines(name: str, orders: Iterable[BookOrder]) -> Iterator[str]:
    for one in orders:
        yield f"{name} {one.id} {one.limit} {one.remaining} {one.is_asleep:d}"
