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
    page_requests_per_minute: int  # of pages and what they fetch; several windows take some 500
    symbols_per_socket: int
    portfolios: int | None
    open_orders: int  # working at once, in all portfolios together
    alerts: int | None  # that may still fire
    exports_per_day: int  # asked for within 24 hours


ALLOWANCES: Final[dict[Tier, Allowance]] = {
    Tier.STANDARD: Allowance(
        watchlists=1,
        history_days=30,
        requests_per_minute=60,
        page_requests_per_minute=1_200,
        symbols_per_socket=50,
        portfolios=5,
        open_orders=200,
        alerts=5,
        exports_per_day=2,
    ),
    Tier.PREMIUM: Allowance(
        watchlists=50,
        history_days=None,
        requests_per_minute=600,
        page_requests_per_minute=3_000,
        symbols_per_socket=500,
        portfolios=50,
        open_orders=2_000,
        alerts=500,
        exports_per_day=50,
    ),
    Tier.ADMIN: Allowance(
        watchlists=None,
        history_days=None,
        requests_per_minute=60_000,
        page_requests_per_minute=60_000,
        symbols_per_socket=2_000,
        portfolios=None,
        open_orders=20_000,
        alerts=None,
        exports_per_day=500,
    ),
}
# What a user may be moved up to, in order; administrators are made for their work.
OFFERED: Final = (Tier.STANDARD, Tier.PREMIUM)
# Each limit that is enforced: for one of it, and for several.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "portfolios": ("portfolio", "portfolios"),
    "watchlists": ("watchlist", "watchlists"),
    "open_orders": ("working order", "working orders"),
    "alerts": ("active alert", "active alerts"),
    "exports_per_day": ("export a day", "exports a day"),
    "history_days": ("day of price history", "days of price history"),
    "symbols_per_socket": ("symbol on a live connection", "symbols on a live connection"),
    "requests_per_minute": ("API request a minute", "API requests a minute"),
    "page_requests_per_minute": ("request of pages a minute", "requests of pages a minute"),
}


def allowance_of(tier: str) -> Allowance:
    """The limits of a tier.

    Raises:
        ValueError: no such tier.
    """
    return ALLOWANCES[Tier(tier)]


def limit_of(tier: str, limit: str) -> int | None:
    """One limit by its name; ``None`` means without limit."""
    found: int | None = getattr(allowance_of(tier), limit)
    return found


def better_tier(tier: str, limit: str) -> Tier | None:
    """The next tier on offer that includes more of it; ``None`` where none does."""
    allowed = limit_of(tier, limit)
    if allowed is None or tier not in OFFERED:
        return None
    for other in OFFERED[OFFERED.index(Tier(tier)) + 1 :]:
        more = limit_of(other, limit)
        if more is None or more > allowed:
            return other
    return None


def in_words(tier: str, limit: str) -> str:
    """What a tier includes of it: ``1 watchlist``, ``watchlists without limit``."""
    one, several = WORDS[limit]
    allowed = limit_of(tier, limit)
    if allowed is None:
        return f"{several.removeprefix('days of ')} without limit"
    return f"{allowed:,} {one if allowed == 1 else several}"
