"""What a user can act on of his exports."""

from __future__ import annotations

from datetime import datetime

from accounts.errors import AllowanceExceeded, HoldfastError, NotFound, ProblemsError


class ExportRefused(ProblemsError):
    """The export was not begun; ``problems`` says why."""

    code = "export_refused"


class ExportNotFound(NotFound):
    """The caller has no such export."""


class ExportNotReady(HoldfastError):
    """There are no files to be had: not yet, or not any more."""

    code = "export_not_ready"


class ExportTooLarge(HoldfastError):
    """It has more rows than one export may."""

    code = "export_too_large"

    def __init__(self, *, allowed: int) -> None:
        super().__init__(f"It has more than {allowed:,} rows; ask for fewer days or symbols.")
        self.allowed = allowed


class TooManyExports(AllowanceExceeded):
    """As many exports were asked for within a day as the tier includes."""

    def __init__(self, *, tier: str, next_at: datetime) -> None:
        moment = f"{next_at:%Y-%m-%d %H:%M} UTC"
        super().__init__(
            limit="exports_per_day",
            tier=tier,
            because=f"You have asked for them all; the next is possible at {moment}.",
        )
        self.next_at = next_at
