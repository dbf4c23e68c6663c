"""Who may order what: the first question of every order, in one statement.

It says in SQL what ``Portfolio.objects.for_user`` and ``market.queries.instrument_by_address`` say,
because building those two queries costs more than the order's own statements. See also both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.auth import Caller
from accounts.errors import Problem
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio
from portfolio.errors import PortfolioNotFound
from trading.orders import OrderDenied

NO_INSTRUMENT: Final = 0  # an id that none has, so that an order names all its problems at once

QUESTION: Final = """
    SELECT EXISTS (
               SELECT FROM portfolio_portfolio AS p
               WHERE p.id = %(portfolio)s AND p.archived_at IS NULL AND (
                   p.owner_id = %(user)s OR EXISTS (
                       SELECT FROM portfolio_portfoliomember AS m
                       WHERE m.portfolio_id = p.id AND m.user_id = %(user)s
                           AND m.role = ANY(%(roles)s)
                   )
               )
           ),
           ARRAY(
               SELECT id FROM market_instrument
               WHERE symbol = %(symbol)s AND is_active
                   AND (%(mic)s = '' OR exchange_id = %(mic)s)
           )
"""


@dataclass(frozen=True, slots=True)
class Admission:
    instrument_id: int
    symbol: str


def admit(caller: Caller, *, portfolio_id: UUID, address: str) -> Admission:
    """Find what an order is about; an unknown symbol is left for the order's checks to name.

    Raises:
        PortfolioNotFound: the caller reaches no such portfolio.
        RoleMissing: it is shared with him, but not to trade in.
        OrderDenied: several exchanges list the symbol.
    """
    mic, symbol = parts_of(address)
    with connection.cursor() as cursor:
        cursor.execute(
            QUESTION,
            {
                "portfolio": portfolio_id,
                "user": caller.user.id,
                "roles": [role.value for role in caller.role.enough],
                "symbol": symbol,
                "mic": mic,
            },
        )
        ((is_open, found),) = cursor.fetchall()
    if not is_open or not caller.may_use(portfolio_id):
        find_portfolio(caller, portfolio_id)  # tells what is missing
        raise PortfolioNotFound("There is no such portfolio.")
    if len(found) == 1:
        return Admission(found[0], symbol)
    try:
        return Admission(instrument_by_address(address).id, symbol)  # one no longer traded
    except UnknownSymbol:
        return Admission(NO_INSTRUMENT, symbol)
    except AmbiguousSymbol as error:
        raise OrderDenied([Problem("symbol", error.code, str(error))]) from error


def parts_of(address: str) -> tuple[str, str]:
    """The exchange, empty where none is named, and the symbol: ``("XNAS", "AAPL")``."""
    mic, _, symbol = address.strip().upper().rpartition(":")
    return mic, symbol
