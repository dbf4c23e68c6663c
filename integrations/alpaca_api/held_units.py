"""Why a sale finds too few units, in Alpaca's words: which orders hold them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from market.models import Instrument
from market.values import plain
from portfolio.models import LedgerBalance, Portfolio
from trading.models import Order
from trading.states import Side

ZERO: Final = Decimal(0)


def held_json(account: Portfolio, instrument: Instrument, *, wanted: Decimal) -> dict[str, Any]:
    """What Alpaca says beside the code; ``wanted`` are the units that were to be sold."""
    balance = LedgerBalance.objects.filter(portfolio=account, instrument=instrument).first()
    total, available = (balance.total, balance.available) if balance else (ZERO, ZERO)
    sales = Order.objects.working().filter(portfolio=account, instrument=instrument, side=Side.SELL)
    numbers = f"requested: {plain(wanted)}, available: {plain(available)}"
    return {
        "message": f"insufficient qty available for order ({numbers})",
        "symbol": instrument.symbol,
        "existing_qty": plain(total),
        "available": plain(available),
        "held_for_orders": plain(total - available),
        "related_orders": [str(one) for one in sales.order_by("id").values_list("id", flat=True)],
    }
