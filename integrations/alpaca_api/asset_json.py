"""Instruments as Alpaca's assets; an asset's id is the public id of the instrument."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from market.errors import UnknownSymbol
from market.models import Instrument
from market.queries import instrument_by_address
from market.values import plain

# Alpaca's client knows these exchanges alone, and an empty text for any other.
EXCHANGES: Final = {
    "XNYS": "NYSE",
    "XNAS": "NASDAQ",
    "XASE": "AMEX",
    "ARCX": "ARCA",
    "BATS": "BATS",
    "OTCM": "OTC",
}
ASSET_CLASS: Final = "us_equity"


def find_instrument(symbol_or_id: str) -> Instrument:
    """The instrument of a symbol or of an asset's id.

    Raises:
        UnknownSymbol: there is none.
        AmbiguousSymbol: several exchanges list the symbol.
    """
    try:
        public_id = UUID(symbol_or_id)
    except ValueError:
        return instrument_by_address(symbol_or_id)
    found = Instrument.objects.select_related("exchange").filter(public_id=public_id).first()
    if found is None:
        raise UnknownSymbol(symbol_or_id)
    return found


def asset_exchange(instrument: Instrument) -> str:
    return EXCHANGES.get(instrument.exchange_id, "")


def asset_json(instrument: Instrument) -> dict[str, Any]:
    return {
        "id": str(instrument.public_id),
        "class": ASSET_CLASS,
        "exchange": asset_exchange(instrument),
        "symbol": instrument.symbol,
        "name": instrument.name,
        "status": "active" if instrument.is_active else "inactive",
        "tradable": instrument.is_active,
        "marginable": False,
        "shortable": False,
        "easy_to_borrow": False,
        "fractionable": instrument.lot_size < 1,
        "min_order_size": plain(instrument.lot_size),
        "min_trade_increment": plain(instrument.lot_size),
        "price_increment": plain(instrument.tick_size),
        "attributes": [],
    }
