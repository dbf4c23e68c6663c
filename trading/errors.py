"""What trading can refuse."""

from __future__ import annotations

from uuid import UUID

from accounts.errors import AllowanceExceeded, HoldfastError, NotFound, ProblemsError


class TradingError(HoldfastError):
    """Something about an order that the caller can act on."""

    code = "trading"


class OrderDenied(TradingError, ProblemsError):
    """A pre-trade check refused the ticket; ``problems`` names each reason by field."""

    code = "order_denied"


class TooManyOpenOrders(TradingError, AllowanceExceeded):
    """The owner has as many orders working as his tier includes."""

    code = "allowance_exceeded"

    def __init__(self, tier: str) -> None:
        because = "So many are working; cancel one, or wait until one fills."
        super().__init__(limit="open_orders", tier=tier, because=because)


class OrderUnknown(TradingError, NotFound):
    """There is no such order."""

    code = "order_not_found"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}.")
        self.order_id = order_id


class PortfolioUnknown(TradingError, NotFound):
    """There is no such portfolio."""

    code = "portfolio_not_found"

    def __init__(self, portfolio_id: UUID) -> None:
        super().__init__(f"There is no portfolio {portfolio_id}.")
        self.portfolio_id = portfolio_id


class DuplicateClientOrderId(TradingError):
    """The portfolio has an order of that client order id already, and it is another order."""

    code = "duplicate_client_order_id"

    def __init__(self, *, client_order_id: str, order_id: UUID) -> None:
        super().__init__(
            f"client_order_id {client_order_id!r} belongs to order {order_id}, which differs"
            " from this one."
        )
        self.client_order_id = client_order_id
        self.order_id = order_id


class OrderFinished(TradingError):
    """The order has come to its end and can no longer be changed."""

    code = "order_finished"

    def __init__(self, *, order_id: UUID, status: str, wish: str = "cancelled") -> None:
        super().__init__(f"Order {order_id} is {status} and can no longer be {wish}.")
        self.order_id = order_id
        self.status = status


class OrderBusy(TradingError):
    """The order is being cancelled or replaced; what comes of that decides on anything else."""

    code = "order_busy"

    def __init__(self, *, order_id: UUID, status: str) -> None:
        words = status.replace("_", " ")
        super().__init__(f"Order {order_id} is {words}; try again when that is done.")
        self.order_id = order_id
        self.status = status
