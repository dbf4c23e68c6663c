"""What there is to know of a dividend or split, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts.errors import Problem
from market.currencies.currency_units import CURRENCY_CODE
from market.models.corporate_actions import ActionKind

AMOUNT_MAXIMUM: Final = Decimal(10) ** 9
AMOUNT_PLACES: Final = 8
RATIO_MAXIMUM: Final = 1_000_000
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFacts:
    """See ``market.models.CorporateAction`` for what each means."""

    kind: ActionKind
    ex_date: date  # of the exchange
    pay_date: date | None = None
    amount_per_share: Decimal | None = None  # > 0, of dividends
    currency: str = ""  # of dividends
    ratio_from: int | None = None  # of splits
    ratio_to: int | None = None
    is_in_history: bool = False  # of splits

    @property
    def words(self) -> str:
        """``0.82 USD`` or ``4 for 1``."""
        if self.kind.is_dividend:
            return f"{self.amount_per_share} {self.currency}"
        return f"{self.ratio_to} for {self.ratio_from}"


FACTS: Final = tuple(field.name for field in fields(ActionFacts))


@dataclass(frozen=True, slots=True)
class ActionChange:
    """What happened to an action: new without ``before``, cancelled without ``after``."""

    action_id: UUID
    instrument_id: int
    version: int
    before: ActionFacts | None
    after: ActionFacts | None
    changed_at: datetime


def find_problems(facts: ActionFacts, *, today: date) -> list[Problem]:
    """Everything that is wrong with the facts; ``today`` is the exchange's."""
    problems = _wrong_dates(facts)
    if facts.kind.is_dividend:
        return problems + _wrong_dividend(facts)
    return problems + _wrong_split(facts, today=today)


def plain_facts(facts: ActionFacts) -> dict[str, Any]:
    """Facts with numbers and dates as texts."""
    return {
        name: value if value is None or isinstance(value, (bool, int)) else str(value)
        for name, value in asdict(facts).items()
    }


def _wrong_dates(facts: ActionFacts) -> list[Problem]:
    problems = []
    if not FIRST_DATE <= facts.ex_date <= LAST_DATE:
        message = f"ex_date was {facts.ex_date}, must lie between {FIRST_DATE} and {LAST_DATE}."
        problems.append(Problem("ex_date", "out_of_range", message))
    if facts.pay_date is not None and facts.pay_date < facts.ex_date:
        message = f"pay_date was {facts.pay_date}, must not be before {facts.ex_date}."
        problems.append(Problem("pay_date", "out_of_range", message))
    return problems


def _wrong_dividend(facts: ActionFacts) -> list[Problem]:
    problems = []
    amount = facts.amount_per_share
    if amount is None:
        problems.append(Problem("amount_per_share", "missing", "A dividend needs an amount."))
    elif not (amount.is_finite() and 0 < amount < AMOUNT_MAXIMUM):
        message = f"amount_per_share was {amount}, must be > 0 and < {AMOUNT_MAXIMUM}."
        problems.append(Problem("amount_per_share", "out_of_range", message))
    elif amount != round(amount, AMOUNT_PLACES):
        message = f"amount_per_share was {amount}, must have at most {AMOUNT_PLACES} places."
        problems.append(Problem("amount_per_share", "too_precise", message))
    if not CURRENCY_CODE.fullmatch(facts.currency):
        message = f"currency was {facts.currency[:10]!r}, must be three capital letters."
        problems.append(Problem("currency", "malformed", message))
    problems += [
        Problem(name, "not_of_its_kind", f"A dividend has no {name}.")
        for name in ("ratio_from", "ratio_to")
        if getattr(facts, name) is not None
    ]
    if facts.is_in_history:
        message = "Only a split can be in stored prices already."
        problems.append(Problem("is_in_history", "not_of_its_kind", message))
    return problems


def _wrong_split(facts: ActionFacts, *, today: date) -> list[Problem]:
    problems = []
    if facts.is_in_history and facts.ex_date > today:
        message = f"ex_date was {facts.ex_date}: no stored price can know of what is to come."
        problems.append(Problem("is_in_history", "not_yet", message))
    for name in ("ratio_from", "ratio_to"):
        ratio = getattr(facts, name)
        if ratio is None:
            problems.append(Problem(name, "missing", f"A split needs {name}."))
        elif not 0 < ratio <= RATIO_MAXIMUM:
            message = f"{name} was {ratio}, must be from 1 to {RATIO_MAXIMUM}."
            problems.append(Problem(name, "out_of_range", message))
    if facts.ratio_to is not None and facts.ratio_from == facts.ratio_to:
        message = f"{facts.ratio_to} for {facts.ratio_from} changes nothing."
        problems.append(Problem("ratio_to", "changes_nothing", message))
    return problems + [
        Problem(name, "not_of_its_kind", f"A split has no {name}.")
        for name in ("amount_per_share", "currency")
        if getattr(facts, name)
    ]
