"""A shorthand for books, orders and trades in tests of the pure core.

``alice buy 10@100`` is a day limit order; ``alice buy 10`` a market order whose worst price is
1,000 for a buy and 1 for a sale; ``ioc`` or ``fok`` may follow. The street is ``5@101 5@102``.
"""

from __future__ import annotations

from itertools import count
from uuid import UUID, uuid5

from trading.matching import Outcome, named, submit
from trading.order_book import BookOrder, OrderBook, Street

PEOPLE = UUID(int=0)
_numbers = count(1)


def owner(name: str) -> UUID:
    return uuid5(PEOPLE, name)


def parse_order(text: str) -> BookOrder:
    name, side, size, *rest = text.split()
    quantity, at, price = size.partition("@")
    return BookOrder(
        id=UUID(int=next(_numbers)),
        owner=owner(name),
        is_buy=side == "buy",
        limit=int(price) if at else (1_000 if side == "buy" else 1),
        remaining=int(quantity),
        is_market=not at,
        may_rest=not rest,
        is_all_or_nothing="fok" in rest,
    )


def parse_street(*, bids: str = "", asks: str = "") -> Street:
    return Street(bids=parse_levels(bids), asks=parse_levels(asks))


def parse_levels(text: str) -> list[tuple[int, int]]:
    return [
        (int(price), int(size)) for size, _, price in (part.partition("@") for part in text.split())
    ]


def make_book(*orders: str) -> OrderBook:
    book = OrderBook()
    for text in orders:
        book.rest(parse_order(text))
    return book


def bring(
    book: OrderBook, order: BookOrder, street: Street | None, *, is_open: bool = True
) -> Outcome:
    """What an order did when it came, as it is noted."""
    rows, end = submit(book, order, street, is_open=is_open)
    return Outcome(order.id, order.remaining, named(rows), end)


def trades_text(outcome: Outcome) -> str:
    """Trades in sequence, those with the street marked by a tilde: ``5@100 10~101``."""
    return " ".join(
        f"{trade.quantity}{'@' if trade.maker_id else '~'}{trade.price}" for trade in outcome.trades
    )


def book_text(book: OrderBook) -> str:
    """Bids best first, then asks best first: ``10@99 | 5@101 7@102``."""
    sides = (
        " ".join(f"{order.remaining}@{order.limit}" for order in side)
        for side in (book.bids, book.asks)
    )
    return " | ".join(sides).strip()
