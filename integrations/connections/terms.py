"""What is wrong with the terms of a connection, before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from accounts.models import User
from integrations.brokers.adapters import Adapter
from portfolio.models import Portfolio, PortfolioKind

NAME_CHARACTERS: Final = 80
SECRET_CHARACTERS: Final = 4_000
CHOICES_MAXIMUM: Final = 500


def find_portfolio_problems(owner: User, portfolio_id: UUID) -> list[Problem]:
    """Only own tracked portfolios: what a paper portfolio does never concerns a broker."""
    portfolio = Portfolio.objects.for_user(owner).filter(id=portfolio_id).first()
    if portfolio is None or portfolio.owner_id != owner.id:
        return [Problem("portfolio_id", "unknown", "There is no such portfolio of yours.")]
    if portfolio.kind == PortfolioKind.PAPER:
        message = "A paper portfolio is never connected to a broker; choose a tracked one."
        return [Problem("portfolio_id", "not_for_paper", message)]
    return []


def find_name_problems(name: str) -> list[Problem]:
    if len(name) > NAME_CHARACTERS:
        message = f"name had {len(name)} characters, may have {NAME_CHARACTERS}"
        return [Problem("name", "too_long", message)]
    if "\x00" in name:
        return [Problem("name", "invalid", "name held a character that is no text")]
    return []


def find_credential_problems(adapter: Adapter, given: Mapping[str, str]) -> list[Problem]:
    """Names only: nothing of what was entered is ever repeated."""
    problems = []
    known = {one.name: one for one in adapter.credentials}
    for name in sorted(given.keys() - known.keys()):
        message = f"{adapter.title} has no {name[:40]!r}; it needs {', '.join(known)}"
        problems.append(Problem(f"credentials.{name[:40]}", "unknown", message))
    for name, one in known.items():
        text = given.get(name, "")
        if one.is_required and not text.strip():
            problems.append(Problem(f"credentials.{name}", "required", f"{one.label} is missing."))
        elif len(text) > SECRET_CHARACTERS or not text.isprintable():
            message = f"{one.label} must be one line of at most {SECRET_CHARACTERS} characters."
            problems.append(Problem(f"credentials.{name}", "invalid", message))
        elif text and one.choices and text not in one.choices:
            message = f"{one.label} is none of those that there are; see GET /brokers."
            problems.append(Problem(f"credentials.{name}", "unknown", message))
    return problems


def find_choice_problems(symbols: Mapping[str, str]) -> list[Problem]:
    if len(symbols) > CHOICES_MAXIMUM:
        message = f"symbols may name {CHOICES_MAXIMUM} instruments"
        return [Problem("symbols", "too_many", message)]
    if any("\x00" in word or len(word) > 160 for pair in symbols.items() for word in pair):
        return [Problem("symbols", "invalid", "symbols held something that is no symbol")]
    return []
