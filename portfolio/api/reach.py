"""Which portfolios a caller reaches: his own, and of those what his key is bound to."""

from uuid import UUID

from accounts.auth import Caller
from portfolio import portfolios
from portfolio.errors import PortfolioNotFound
from portfolio.models import Portfolio
from portfolio.models.portfolios import PortfolioQuerySet


def reachable(caller: Caller) -> PortfolioQuerySet:
    found = Portfolio.objects.for_user(caller.user)
    return found.filter(id__in=caller.portfolio_ids) if caller.portfolio_ids else found


def find_portfolio(caller: Caller, portfolio_id: UUID) -> Portfolio:
    """Raises:
    PortfolioNotFound: there is none that the caller reaches.
    """
    if not caller.may_use(portfolio_id):
        raise PortfolioNotFound("There is no such portfolio.")
    return portfolios.find_portfolio(portfolio_id, caller.user)
