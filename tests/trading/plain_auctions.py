"""An auction the slow way: every price is tried, and everybody stands in a line lot by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.trading.plain_orders import Plain
from trading.exchange.auctions import Clearing, Interest

Party = Plain | list[int]  # an order, or a level of the street: [price, size]


def plain_clearing(
    buys: Iterable[Interest], sells: Iterable[Interest], reference: int | None
) -> Clearing | None:
    """Try every price from below the lowest to above the highest, and sort by the three rules."""
    buys, sells = list(buys), list(sells)
    limits = [one.limit for one in (*buys, *sells)] + ([] if reference is None else [reference])
    found = []
    for price in range(max(min(limits, default=1) - 1, 1), max(limits, default=0) + 2):
        demand = sum(one.quantity for one in buys if one.limit >= price)
        supply = sum(one.quantity for one in sells if one.limit <= price)
        if min(demand, supply):
            distance = 0 if reference is None else abs(price - reference)
            found.append((-min(demand, supply), abs(demand - supply), distance, price))
    if not found:
        return None
    volume, imbalance, _, price = min(found)
    return Clearing(price, -volume, imbalance)


def without_own(orders: Sequence[Plain]) -> list[Plain]:
    """Those who would not meet an older order of their owner; the oldest first."""
    kept: list[Plain] = []
    for order in orders:
        own = [older for older in kept if older.owner == order.owner]
        if not any(would_trade(order, older) for older in own):
            kept.append(order)
    return kept


def would_trade(one: Plain, other: Plain) -> bool:
    if one.is_buy == other.is_buy:
        return False
    buy, sell = (one, other) if one.is_buy else (other, one)
    return buy.limit >= sell.limit


def plain_auction(
    orders: Sequence[Plain],
    *,
    bids: Sequence[list[int]],
    asks: Sequence[list[int]],
    reference: int,
) -> tuple[int, list[tuple[Party, Party, int]]]:
    """The price, and who buys how much from whom; nothing where nobody meets."""
    if bids and asks and bids[0][0] >= asks[0][0]:
        bids = asks = ()
    buys: list[Party] = [order for order in orders if order.is_buy]
    sells: list[Party] = [order for order in orders if not order.is_buy]
    buyers, sellers = [*buys, *bids], [*sells, *asks]
    clearing = plain_clearing(map(interest, buyers), map(interest, sellers), reference)
    if clearing is None:
        return 0, []
    buying = line(buyers, sign=-1)[: clearing.volume]
    selling = line(sellers, sign=1)[: clearing.volume]
    pairs = Counter(zip(map(id, buying), map(id, selling), strict=True))
    known = {id(party): party for party in (*buying, *selling)}
    return clearing.price, [
        (known[buyer], known[seller], quantity) for (buyer, seller), quantity in pairs.items()
    ]


def line(parties: Sequence[Party], *, sign: int) -> list[Party]:
    """Each as often as it has lots: best limit first, users before the street, oldest first."""

    def rank(party: Party) -> tuple[int, int, int]:
        if isinstance(party, Plain):
            return (sign * party.limit, 0, party.turn)
        return (sign * party[0], 1, 0)

    return [party for party in sorted(parties, key=rank) for _ in range(interest(party).quantity)]


def interest(party: Party) -> Interest:
    if isinstance(party, Plain):
        return Interest(party.limit, party.left)
    return Interest(*party)
