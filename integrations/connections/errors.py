"""What a user can act on of his connections."""

from __future__ import annotations

from accounts.errors import HoldfastError, ProblemsError


class ConnectionRefused(ProblemsError):
    """The connection was not kept; ``problems`` says why."""

    code = "connection_refused"


class ConnectionDisabled(HoldfastError):
    """Nothing is asked of its broker; enable it first."""

    code = "connection_disabled"

    def __init__(self) -> None:
        super().__init__("The connection is disabled; enable it first.")


class ConnectionBusy(HoldfastError):
    """A sync is under way, which must end first."""

    code = "connection_busy"

    def __init__(self) -> None:
        super().__init__("A sync is under way; wait until it has ended.")
