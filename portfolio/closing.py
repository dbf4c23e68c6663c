"""A closed account leaves no portfolio open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_closing
from portfolio.models import Portfolio
from portfolio.portfolios import archive_portfolio


@receiver(account_closing, dispatch_uid="portfolio.archive_all_of")
def archive_all_of(*, user: User, at: datetime, **_: Any) -> None:
    """Raises:
    PortfolioError: one of them cannot be archived, as when its orders work.
    """
    for portfolio in Portfolio.objects.for_user(user).order_by("id"):
        archive_portfolio(portfolio_id=portfolio.id, owner=user, archived_at=at)
