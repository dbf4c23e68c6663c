"""Telling a user's open pages that there is something new for him, through Valkey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from market.alerts.news import publish_ids
from market.live import live_quotes

NEWS: Final = "users:news"


def news_channel() -> str:
    return live_quotes.prefixed(NEWS)


def tell(user_ids: Iterable[UUID]) -> None:
    """Have these users' open pages look at the inbox; call after the commit."""
    publish_ids(news_channel(), user_ids)
