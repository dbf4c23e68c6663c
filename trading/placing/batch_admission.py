"""What the orders of a batch are about, in two queries; ``admission`` asks it of one order."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.auth import Caller
from accounts.errors import Problem
from market.errors import AmbiguousSymbol
from market.models import Instrument
from market.queries import matches_of
from portfolio.api.reach import find_portfolio, reachable
from portfolio.errors import PortfolioNotFound
from trading.api.order_schemas import CLIENT_ORDER_ID_LENGTH, OrderIn
from trading.errors import OrderDenied
from trading.placing.admission import NO_INSTRUMENT
from trading.placing.order_batch import Wish


def wishes_of(caller: Caller, asked: Sequence[OrderIn], *, key: str) -> list[Wish]:
    """Find portfolios and instruments; an unknown symbol is left for the order's checks to name.

    Args:
        key: of the request, from which an order without a client order id takes its own.

    Raises:
        PortfolioNotFound: one of the portfolios is none that the caller reaches.
        RoleMissing: one is shared with him, but not to trade in.
    """
    named = {one.portfolio_id for one in asked}
    reached = set(reachable(caller).filter(id__in=named).values_list("id", flat=True))
    for portfolio_id in named - reached:
        find_portfolio(caller, portfolio_id)  # tells what is missing
        raise PortfolioNotFound("There is no such portfolio.")
    matches = matches_of(one.symbol for one in asked)
    wishes = []
    for place, one in enumerate(asked):
        found = matches[one.symbol]
        name = f"{key}:{place}"
        fallback = name if len(name) <= CLIENT_ORDER_ID_LENGTH else None
        ticket = one.to_ticket(
            instrument_id=found[0].id if found else NO_INSTRUMENT,
            client_order_id=one.client_order_id or fallback,
        )
        wishes.append(Wish(one.portfolio_id, ticket, _ambiguity(one.symbol, found)))
    return wishes


def _ambiguity(address: str, found: Sequence[Instrument]) -> OrderDenied | None:
    if len(found) < 2:
        return None
    error = AmbiguousSymbol(address, choices=[f"{one.exchange_id}:{one.symbol}" for one in found])
    return OrderDenied([Problem("symbol", error.code, str(error))])
