"""What an owner of live orders can act on."""

from __future__ import annotations

from uuid import UUID

from accounts.errors import HoldfastError, ProblemsError


class LiveOrderRefused(ProblemsError):
    """Nothing was recorded and nothing left; ``problems`` says why."""

    code = "live_order_refused"


class LiveOrderIdTaken(HoldfastError):
    """The client's id belongs to another order of the connection."""

    code = "duplicate_client_order_id"

    def __init__(self, *, client_order_id: str, order_id: UUID) -> None:
        super().__init__(
            f"client_order_id {client_order_id!r} belongs to another order of this connection."
        )
        self.order_id = order_id


class LiveOrderEnded(HoldfastError):
    """It can neither fill nor be cancelled or changed any more."""

    code = "order_finished"

    def __init__(self, status: str, *, wish: str = "cancel") -> None:
        super().__init__(f"The order is {status.replace('_', ' ')}; there is nothing to {wish}.")


class LiveOrderBusy(HoldfastError):
    """It cannot be changed at the moment."""

    code = "order_busy"
