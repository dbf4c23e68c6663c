"""Opening, naming and closing portfolios, and what one is worth now."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import AllowanceExceeded
from accounts.identifiers import new_id
from accounts.models import User
from accounts.roles import Role, RoleMissing
from market.currencies.currency_units import CURRENCY_CODE
from portfolio.bookkeeping.amounts import ZERO, percentage
from portfolio.bookkeeping.entries import deposit_entry
from portfolio.errors import PortfolioNotFound, PortfolioRefused, Problem
from portfolio.ledger import post_entries
from portfolio.models import Portfolio, PortfolioKind
from portfolio.models.portfolios import BookedActions, LotMethod
from portfolio.queries import CashRow, PositionRow, Quotes, cash_row, position_rows
from portfolio.signals import portfolio_archiving

NAME_LENGTH: Final = 80
CASH_MAXIMUM: Final = Decimal("1E15")
CASH_PLACES: Final = 10


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """What a portfolio is worth now, in its currency.

    What needs a price is None where a holding has none; ``unpriced`` names those holdings.
    ``day_change`` is what the units still held gained on the day of their quotes: from the
    previous close, or from their cost where they were bought that day. ``day_change_pct`` is
    in percent of the total value before that change.
    """

    cash: Decimal | None  # of all currencies, settled or not; None where one has no rate
    settled_cash: Decimal
    buying_power: Decimal  # cash that no order has reserved
    withdrawable_cash: Decimal
    market_value: Decimal | None
    cost: Decimal
    total_value: Decimal | None
    unrealised_gain: Decimal | None
    day_change: Decimal | None
    day_change_pct: Decimal | None
    unpriced: tuple[str, ...]
    lacks_rate: bool  # whether some price is known and only its rate is not
    as_of: datetime


@transaction.atomic
def open_portfolio(
    *,
    owner: User,
    name: str,
    kind: str,
    currency: str,
    starting_cash: Decimal | None,
    opened_at: datetime,
    lot_method: str = LotMethod.FIFO,
    booked_actions: str = BookedActions.SPLITS,
) -> Portfolio:
    """Open a set of books; starting cash is its first deposit.

    Raises:
        PortfolioRefused: name, kind, currency, starting cash or way of booking make no sense.
        AllowanceExceeded: the owner's tier includes no further portfolio.
    """
    problems = [
        *find_name_problems(name),
        *find_problems(kind, currency, starting_cash),
        *find_booking_problems(lot_method, booked_actions),
    ]
    if problems:
        raise PortfolioRefused(problems)
    refuse_beyond_allowance(owner)
    portfolio = Portfolio.objects.create(
        owner=owner,
        name=name.strip(),
        kind=kind,
        currency=currency,
        lot_method=lot_method,
        booked_actions=booked_actions,
        created_at=opened_at,
    )
    if starting_cash:
        deposit = deposit_entry(
            entry_id=new_id(),
            portfolio_id=portfolio.id,
            external_id="starting-cash",
            occurred_at=opened_at,
            currency=currency,
            amount=starting_cash,
            note="Starting cash",
        )
        post_entries([deposit], recorded_at=opened_at)
    note_opening(portfolio, starting_cash)
    return portfolio


def note_opening(portfolio: Portfolio, starting_cash: Decimal | None) -> None:
    audit.record(
        action="portfolio.opened",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={
            "name": portfolio.name,
            "kind": str(portfolio.kind),
            "currency": portfolio.currency,
            "starting_cash": starting_cash,
        },
        occurred_at=portfolio.created_at,
    )


@transaction.atomic
def rename_portfolio(
    *, portfolio_id: UUID, owner: User, name: str, renamed_at: datetime
) -> Portfolio:
    """Raises:
    PortfolioNotFound: the owner has no such portfolio.
    PortfolioRefused: the name is empty, too long, or not text.
    """
    if problems := find_name_problems(name):
        raise PortfolioRefused(problems)
    portfolio = find_portfolio(portfolio_id, owner)
    before, portfolio.name = portfolio.name, name.strip()
    if portfolio.name == before:
        return portfolio
    portfolio.save(update_fields=["name"])
    audit.record(
        action="portfolio.renamed",
        owner_id=owner.id,
        target="portfolio",
        target_id=str(portfolio.id),
        before={"name": before},
        after={"name": portfolio.name},
        occurred_at=renamed_at,
    )
    return portfolio


@transaction.atomic
def archive_portfolio(*, portfolio_id: UUID, owner: User, archived_at: datetime) -> Portfolio:
    """Take a portfolio out of sight; its books stay.

    Raises:
        PortfolioNotFound: the owner has no such portfolio.
        PortfolioError: a receiver of ``portfolio_archiving`` refused, as when orders work.
    """
    portfolio = find_portfolio(portfolio_id, owner)
    portfolio_archiving.send(sender=Portfolio, portfolio=portfolio, at=archived_at)
    portfolio.archived_at = archived_at
    portfolio.save(update_fields=["archived_at"])
    audit.record(
        action="portfolio.archived",
        owner_id=owner.id,
        target="portfolio",
        target_id=str(portfolio.id),
        before={"archived_at": None},
        after={"archived_at": archived_at},
        occurred_at=archived_at,
    )
    return portfolio


def find_portfolio(portfolio_id: UUID, user: User, role: Role = Role.OWNER) -> Portfolio:
    """The portfolio with the user's ``role`` in it.

    Raises:
        PortfolioNotFound: there is none of that id that the user may see.
        RoleMissing: he may see it, and not do what needs that role.
    """
    visible = Portfolio.objects.for_user(user, Role.VIEWER).with_role_of(user)
    portfolio = visible.filter(id=portfolio_id).first()
    if portfolio is None:
        raise PortfolioNotFound("There is no such portfolio.")
    found = Role(portfolio.role)
    if not found.includes(role):
        raise RoleMissing(needed=role, found=found)
    return portfolio


def summary(
    portfolio: Portfolio, quotes: Quotes | None = None, *, at: datetime | None = None
) -> PortfolioSummary:
    """What the portfolio is worth at the newest quotes; see ``summary_and_rows``."""
    return summary_and_rows(portfolio, quotes, at=at)[0]


def summary_and_rows(
    portfolio: Portfolio, quotes: Quotes | None = None, *, at: datetime | None = None
) -> tuple[PortfolioSummary, list[PositionRow]]:
    """The same with the holdings that it counts. Three queries and one read of quotes."""
    cash = cash_row(portfolio)
    rows = position_rows(portfolio, quotes, cash=cash)
    return summary_of(cash, rows, at=at or timezone.now()), rows


def summary_of(cash: CashRow, rows: Sequence[PositionRow], *, at: datetime) -> PortfolioSummary:
    """In the portfolio's currency; what needs a price or a rate that is missing is None."""
    market_value = total(row.market_value for row in rows)
    total_value = total([cash.in_all, market_value])
    cost = sum((row.cost for row in rows), ZERO)
    change = total(row.day_change for row in rows)
    worth_before = None if total_value is None or change is None else total_value - change
    return PortfolioSummary(
        cash=cash.in_all,
        settled_cash=cash.settled,
        buying_power=cash.buying_power,
        withdrawable_cash=cash.withdrawable,
        market_value=market_value,
        cost=cost,
        total_value=total_value,
        unrealised_gain=None if market_value is None else market_value - cost,
        day_change=change,
        day_change_pct=percentage(change, worth_before),
        unpriced=tuple(row.symbol for row in rows if row.market_value is None),
        lacks_rate=any(row.market_value is None and row.price is not None for row in rows),
        as_of=at,
    )


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None where a part is not known."""
    known = list(amounts)
    return None if None in known else sum((amount for amount in known if amount), ZERO)


def find_name_problems(name: str) -> list[Problem]:
    name = name.strip()
    if not name:
        return [Problem("name", "required", "Give the portfolio a name.")]
    if len(name) > NAME_LENGTH:
        message = f"The name has {len(name)} characters, at most {NAME_LENGTH} are allowed."
        return [Problem("name", "too_long", message)]
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return [Problem("name", "invalid", "The name has control characters in it.")]
    return []


def find_booking_problems(lot_method: str, booked_actions: str) -> list[Problem]:
    problems = []
    for field, word, known in (
        ("lot_method", lot_method, LotMethod.values),
        ("booked_actions", booked_actions, BookedActions.values),
    ):
        if word not in known:
            message = f"{field} was {word[:40]!r}, must be one of {', '.join(known)}"
            problems.append(Problem(field, "unknown", message))
    return problems


def find_problems(kind: str, currency: str, starting_cash: Decimal | None) -> list[Problem]:
    problems = []
    if kind not in PortfolioKind.values:
        message = f"kind was {kind!r}, must be one of {', '.join(PortfolioKind.values)}"
        problems.append(Problem("kind", "unknown", message))
    if not CURRENCY_CODE.fullmatch(currency):
        message = f"currency was {currency!r}, must be a code of three letters like USD"
        problems.append(Problem("currency", "invalid", message))
    if starting_cash is not None and not is_money(starting_cash):
        message = f"starting_cash was {starting_cash}, must be from 0 to {CASH_MAXIMUM:f}"
        problems.append(Problem("starting_cash", "out_of_range", message))
    return problems


def is_money(amount: Decimal) -> bool:
    """Whether it is an amount >= 0 that the ledger stores exactly."""
    if not amount.is_finite() or not 0 <= amount <= CASH_MAXIMUM:
        return False
    exponent = amount.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -CASH_PLACES


def refuse_beyond_allowance(owner: User) -> None:
    """Raises:
    AllowanceExceeded: the owner has as many portfolios as his tier includes.
    """
    # Two requests at once wait for each other here, so the limit holds; and the tier is today's.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    allowed = owner.allowance.portfolios
    if allowed is not None and Portfolio.objects.for_user(owner).count() >= allowed:
        raise AllowanceExceeded(limit="portfolios", tier=owner.tier)
