"""Somebody who takes part, with all that ids can name of his."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from accounts.models import User
from portfolio.models import Portfolio

SYMBOL: Final = "AAPL"


@dataclass(slots=True)
class Person:
    """Somebody with one thing of each kind. ``mark`` stands in whatever he named himself."""

    mark: str
    user: User
    portfolio: Portfolio
    values: dict[str, str] = field(default_factory=dict)  # kind → what an address holds
