"""Failures of the books that a caller can act on."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from accounts.errors import HoldfastError, NotFound, Problem, ProblemsError


class PortfolioError(HoldfastError):
    """The root of this app's failures."""

    code = "portfolio_error"


class PortfolioNotFound(PortfolioError, NotFound):
    """There is no such portfolio, or the caller may not know that there is."""

    code = "portfolio_not_found"


class ActivityNotFound(PortfolioError, NotFound):
    """There is no such activity, or the caller may not know that there is."""

    code = "activity_not_found"


class PositionNotFound(PortfolioError, NotFound):
    """The portfolio holds nothing of the instrument."""

    code = "position_not_found"


class PortfolioRefused(PortfolioError, ProblemsError):
    """The portfolio cannot be opened or changed like that; ``problems`` names each reason."""

    code = "portfolio_refused"


class ActivityRefused(PortfolioError, ProblemsError):
    """The activity cannot be booked; ``problems`` names each reason."""

    code = "activity_refused"


class ShortBalance(PortfolioError):
    """Less is available than would be used. ``missing`` > 0; ``available`` may be negative."""

    def __init__(
        self,
        *,
        portfolio_id: UUID,
        needed: Decimal,
        available: Decimal,
        currency: str = "",
        instrument_id: int | None = None,
    ) -> None:
        what = currency or "units"
        super().__init__(f"{needed:f} {what} needed, {available:f} available.")
        self.portfolio_id = portfolio_id
        self.needed = needed
        self.available = available
        self.missing = needed - available
        self.currency = currency
        self.instrument_id = instrument_id


class InsufficientFunds(ShortBalance):
    """The portfolio has less money available than is needed."""

    code = "insufficient_funds"


class InsufficientUnits(ShortBalance):
    """The portfolio has fewer units available than are needed."""

    code = "insufficient_units"


class EntryConflict(PortfolioError):
    """The portfolio has an entry of that external id already, with another body."""

    code = "entry_conflict"

    def __init__(self, *, portfolio_id: UUID, external_id: str) -> None:
        super().__init__(f"Another entry has the external id {external_id!r} already.")
        self.portfolio_id = portfolio_id
        self.external_id = external_id


class UnknownHold(PortfolioError):
    """No hold has that reference."""

    code = "unknown_hold"

    def __init__(self, *, reference: UUID) -> None:
        super().__init__(f"There is no hold for {reference}.")
        self.reference = reference


class HoldReleased(PortfolioError):
    """The hold was released before; nothing of it is left to consume."""

    code = "hold_released"

    def __init__(self, *, reference: UUID) -> None:
        super().__init__(f"The hold for {reference} was released already.")
        self.reference = reference


class NotReversible(PortfolioError):
    """The entry is of a kind that no reversal undoes, or was reversed before."""

    code = "not_reversible"


__all__ = [
    "ActivityNotFound",
    "ActivityRefused",
    "EntryConflict",
    "HoldReleased",
    "InsufficientFunds",
    "InsufficientUnits",
    "NotReversible",
    "PortfolioError",
    "PortfolioNotFound",
    "PortfolioRefused",
    "PositionNotFound",
    "Problem",
    "ShortBalance",
    "UnknownHold",
]
