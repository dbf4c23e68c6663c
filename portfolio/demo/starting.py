"""A desk with a past, for somebody who has just come in."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from accounts.tiers import Tier
from market.watchlists import add_symbols, create_watchlist
from portfolio.demo.paper import open_paper

DEMO_ADDRESS: Final = "demo-{}@demo.holdfast.local"
DEMO_NAME: Final = "Demo investor"
WATCHED: Final = ("AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "NFLX", "BA", "JPM")


@transaction.atomic
def create_demo_user(*, created_at: datetime) -> User:
    """Make a disposable user with a watchlist and portfolios that have a story.

    He has no password: only the session that is opened for him lets him in.
    """
    user = User(
        email=DEMO_ADDRESS.format(secrets.token_hex(8)),
        display_name=DEMO_NAME,
        tier=Tier.PREMIUM,
        is_demo=True,
        joined_at=created_at,
    )
    user.set_unusable_password()
    user.save()
    audit.record(
        action="demo.started",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        after={"email": user.email, "tier": user.tier},
        occurred_at=created_at,
        actor_id=user.id,
    )
    # He is signed in after this only, and what he finds is his doing.
    with audit.acting(replace(audit.current_origin(), actor_id=user.id)):
        furnish(user, at=created_at)
    return user


def furnish(user: User, *, at: datetime) -> None:
    """Give a user what makes the first look worth it."""
    watchlist = create_watchlist(owner=user, name="Watchlist", created_at=at)
    add_symbols(watchlist=watchlist, symbols=list(WATCHED), added_at=at)
    open_paper(owner=user, opened_at=at)
    request_savings(user)


def request_savings(user: User) -> None:
    """Have ten years of savings told in the background, once the user is there."""
    transaction.on_commit(partial(_request_savings, user.id), robust=True)


def _request_savings(user_id: UUID) -> None:
    from portfolio.tasks import open_demo_savings  # noqa: PLC0415 - tasks import us

    open_demo_savings.delay(user_id=str(user_id))
