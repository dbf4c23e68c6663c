"""Which portfolios a caller reaches: his own and those shared with him, as his key is bound.

How far a share reaches is for the door he came through: see ``accounts.roles``.
"""

from uuid import UUID

from accounts.auth import Caller
from portfolio import portfolios
from portfolio.errors import PortfolioNotFound
from portfolio.models import Portfolio
from portfolio.models.portfolios import PortfolioQuerySet


def reachable(caller: Caller) -> PortfolioQuerySet:
    found = Portfolio.objects.for_user(caller.user, caller.role)
    return found.filter(id__in=caller.portfolio_ids) if caller.portfolio_ids else found


def find_portfolio(caller: Caller, portfolio_id: UUID) -> Portfolio:
    """Raises:
    PortfolioNotFound: there is none that the caller reaches.
    RoleMissing: it is shared with him, but for less.
    """
    if not caller.may_use(portfolio_id):
        raise PortfolioNotFound("There is no such portfolio.")
    return portfolios.find_portfolio(portfolio_id, caller.user, caller.role)
