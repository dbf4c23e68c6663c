"""What administrators may change about instruments. Prices and history stay as they are."""

from __future__ import annotations

from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.errors import HoldfastError
from market.errors import MarketError, UnknownExchange
from market.models import Exchange, Instrument

# Where and in what it trades is not among them: its prices and entries are of that.
CHANGEABLE: Final = frozenset({"name", "isin", "country", "sector", "industry", "is_active"})


class InstrumentExists(MarketError):
    """The exchange lists that symbol already."""

    code = "instrument_exists"

    def __init__(self, *, symbol: str, mic: str) -> None:
        super().__init__(f"{mic} lists {symbol} already.")
        self.symbol = symbol
        self.mic = mic


def list_instrument(*, symbol: str, exchange: str, **facts: Any) -> Instrument:
    """Add an instrument to the master; ``facts`` are fields of ``Instrument``.

    Raises:
        UnknownExchange: there is no such exchange.
        InstrumentExists: it is listed there already.
    """
    if not Exchange.objects.filter(mic=exchange).exists():
        raise UnknownExchange(exchange)
    try:
        with transaction.atomic():
            return Instrument.objects.create(symbol=symbol, exchange_id=exchange, **facts)
    except IntegrityError as error:
        raise InstrumentExists(symbol=symbol, mic=exchange) from error


def change_instrument(instrument: Instrument, *, changes: dict[str, Any]) -> Instrument:
    """Correct facts about an instrument; deactivating is ``is_active=False``.

    Raises:
        HoldfastError: a fact that cannot change.
    """
    if unknown := sorted(set(changes) - CHANGEABLE):
        raise HoldfastError(f"{', '.join(unknown)} cannot change.")
    for name, value in changes.items():
        setattr(instrument, name, value)
    instrument.save(update_fields=sorted(changes))
    return instrument
