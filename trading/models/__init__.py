from trading.models.closings import PositionClosing
from trading.models.commissions import CommissionTerms
from trading.models.fills import Fill
from trading.models.halts import TradingHalt
from trading.models.order_entry import OrderEntryStop
from trading.models.orders import Order, OrderCommand, OrderEvent
from trading.models.resets import PortfolioReset
from trading.models.settlements import Settlement
from trading.models.splits import SplitRestatement

__all__ = [
    "CommissionTerms",
    "Fill",
    "Order",
    "OrderCommand",
    "OrderEntryStop",
    "OrderEvent",
    "PortfolioReset",
    "PositionClosing",
    "Settlement",
    "SplitRestatement",
    "TradingHalt",
]
