"""The price at which an auction trades, and who trades with whom at it. Pure.

The price is the one at which most is executed; among several, the one that leaves the least
imbalance; among those, the nearest to the reference; and of two equally near, the lower.
Source: Nasdaq Equity 4, Rules 4752(d)(2) (opening cross) and 4754(b)(2) (closing cross).

Prices are whole steps and quantities whole lots, as in ``trading.order_book``. Who wants a better
price than the auction's trades before who wants just that; at one limit users come before the
street, and the older before the younger.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from trading.matching import Trade
from trading.order_book import BookOrder, Street


class Interest(NamedTuple):
    """So many lots at a limit or better."""

    limit: int
    quantity: int


class Clearing(NamedTuple):
    price: int
    volume: int  # lots executed, > 0
    imbalance: int  # lots that one side wants more than the other at that price


def clear(
    buys: Iterable[Interest], sells: Iterable[Interest], *, reference: int | None, step: int = 1
) -> Clearing | None:
    """The price of the auction; ``None`` where nobody meets.

    Args:
        reference: the price to stay near to; ``None`` prefers the lowest.
        step: the tick, on whose multiples all limits stand.
    """
    bought, sold = _Ladder(buys), _Ladder(sells)
    best: tuple[int, int, int, int] | None = None
    for price in _candidates([*bought.limits, *sold.limits], reference, step):
        demand, supply = bought.at_or_above(price), sold.at_or_below(price)
        volume = min(demand, supply)
        if not volume:
            continue
        distance = 0 if reference is None else abs(price - reference)
        standing = (-volume, abs(demand - supply), distance, price)
        if best is None or standing < best:
            best = standing
    return None if best is None else Clearing(best[3], -best[0], best[1])


class _Ladder:
    """Quantities by limit, summed so that each question is a search."""

    def __init__(self, interest: Iterable[Interest]) -> None:
        rows = sorted(interest)
        self.limits = [row.limit for row in rows]
        self._sums = [0, *accumulate(row.quantity for row in rows)]

    def at_or_below(self, price: int) -> int:
        return self._sums[bisect_right(self.limits, price)]

    def at_or_above(self, price: int) -> int:
        return self._sums[-1] - self._sums[bisect_left(self.limits, price)]


def _candidates(limits: Sequence[int], reference: int | None, step: int) -> set[int]:
    """Prices among which the best one is.

    Between two limits nothing changes, so of each gap its ends and the price nearest to the
    reference are enough.
    """
    found = {price for limit in limits for price in (limit - step, limit, limit + step)}
    if reference is not None:
        below = reference // step * step
        found |= {below, below + step}
    return {price for price in found if price > 0}


def without_own_matches(orders: Sequence[BookOrder]) -> tuple[list[BookOrder], list[BookOrder]]:
    """Those that may take part, and those that would meet an older order of their owner.

    Args:
        orders: oldest first.
    """
    kept: list[BookOrder] = []
    left_out: list[BookOrder] = []
    highest_buys: dict[UUID, int] = {}
    lowest_sells: dict[UUID, int] = {}
    for order in orders:
        owner, limit = order.owner, order.limit
        if order.is_buy:
            meets_own = owner in lowest_sells and limit >= lowest_sells[owner]
        else:
            meets_own = owner in highest_buys and limit <= highest_buys[owner]
        if meets_own:
            left_out.append(order)
            continue
        kept.append(order)
        if order.is_buy:
            highest_buys[owner] = max(highest_buys.get(owner, limit), limit)
        else:
            lowest_sells[owner] = min(lowest_sells.get(owner, limit), limit)
    return kept, left_out


def hold_auction(
    orders: Sequence[BookOrder], street: Street | None, *, reference: int | None, step: int = 1
) -> tuple[Clearing | None, list[Trade]]:
    """Trade everything that meets, all of it at one price.

    Args:
        orders: oldest first; no two of one owner would trade with each other. What fills is taken
            off ``remaining``, and off the levels of the street.

    Returns:
        The price, and the trades; a buyer takes from a seller, and everybody from the street.
    """
    levels = street if street is not None and not _is_locked(street) else Street()
    buys = [order for order in orders if order.is_buy]
    sells = [order for order in orders if not order.is_buy]
    clearing = clear(
        [*_interest(buys), *(Interest(*level) for level in levels.bids)],
        [*_interest(sells), *(Interest(*level) for level in levels.asks)],
        reference=reference,
        step=step,
    )
    if clearing is None:
        return None, []
    buyers = _queue(buys, levels.bids, sign=-1)
    sellers = _queue(sells, levels.asks, sign=1)
    return clearing, _pair(buyers, sellers, levels, clearing)


# An order, or a level of the street: [price, size].
_Party = BookOrder | list[int]


def _interest(orders: Iterable[BookOrder]) -> list[Interest]:
    return [Interest(order.limit, order.remaining) for order in orders]


def _queue(orders: Sequence[BookOrder], levels: Iterable[list[int]], *, sign: int) -> list[_Party]:
    """Best limit first, users before the street, the older before the younger."""
    ranked: list[tuple[int, int, int, _Party]] = [
        (sign * order.limit, 0, place, order) for place, order in enumerate(orders)
    ]
    ranked += [(sign * level[0], 1, place, level) for place, level in enumerate(levels)]
    return [party for *_, party in sorted(ranked, key=lambda row: row[:3])]


def _pair(
    buyers: list[_Party], sellers: list[_Party], street: Street, clearing: Clearing
) -> list[Trade]:
    """All of it happens at once, so each trade says what its maker has left after the last."""
    left, met = clearing.volume, []
    buying, selling = iter(buyers), iter(sellers)
    buyer, seller = next(buying), next(selling)
    while True:
        quantity = min(left, _size(buyer), _size(seller))
        taker, maker = (buyer, seller) if isinstance(buyer, BookOrder) else (seller, buyer)
        if not isinstance(taker, BookOrder):
            raise TypeError("the street does not trade with itself")
        _use(buyer, quantity)
        _use(seller, quantity)
        met.append((taker, maker if isinstance(maker, BookOrder) else None, quantity))
        left -= quantity
        if not left:
            break
        buyer = buyer if _size(buyer) else next(buying)
        seller = seller if _size(seller) else next(selling)
    street.bids[:] = [level for level in street.bids if level[1]]
    street.asks[:] = [level for level in street.asks if level[1]]
    return [
        Trade(taker.id, other.id, clearing.price, quantity, other.remaining)
        if other is not None
        else Trade(taker.id, None, clearing.price, quantity, 0)
        for taker, other, quantity in met
    ]


def _size(party: _Party) -> int:
    return party.remaining if isinstance(party, BookOrder) else party[1]


def _use(party: _Party, quantity: int) -> None:
    if isinstance(party, BookOrder):
        party.remaining -= quantity
    else:
        party[1] -= quantity


def _is_locked(street: Street) -> bool:
    """Whether the quote would trade with itself, which no price can mend."""
    return bool(street.bids and street.asks and street.bids[0][0] >= street.asks[0][0])
