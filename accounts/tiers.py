"""What each tier may use, as data."""

from dataclasses import dataclass
from typing import Final

from django.db import models


class Tier(models.TextChoices):
    STANDARD = "standard", "Standard"
    PREMIUM = "premium", "Premium"
    ADMIN = "admin", "Admin"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of one tier; ``None`` means without limit."""

    watchlists: int | None
    history_days: int | None  # days of price history back from today
    requests_per_minute: int
    symbols_per_socket: int
    portfolios: int | None
    open_orders: int
    alerts: int | None  # that may still fire


ALLOWANCES: Final[dict[Tier, Allowance]] = {
    Tier.STANDARD: Allowance(
        watchlists=1,
        history_days=30,
        requests_per_minute=60,
        symbols_per_socket=50,
        portfolios=5,
        open_orders=200,
        alerts=5,
    ),
    Tier.PREMIUM: Allowance(
        watchlists=50,
        history_days=None,
        requests_per_minute=600,
        symbols_per_socket=500,
        portfolios=50,
        open_orders=2_000,
        alerts=500,
    ),
    Tier.ADMIN: Allowance(
        watchlists=None,
        history_days=None,
        requests_per_minute=60_000,
        symbols_per_socket=2_000,
        portfolios=None,
        open_orders=20_000,
        alerts=None,
    ),
}


def allowance_of(tier: str) -> Allowance:
    """The limits of a tier.

    Raises:
        ValueError: no such tier.
    """
    return ALLOWANCES[Tier(tier)]
