"""What administrators may change about instruments. Prices and history stay as they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.errors import HoldfastError
from market.errors import MarketError
from market.instruments.exchange_rows import make_exchanges
from market.models import Instrument

# Where and in what it trades is not among them: its prices and entries are of that.
CHANGEABLE: Final = frozenset(
    {"name", "isin", "country", "sector", "industry", "is_active", "provider_symbols"}
)


class InstrumentExists(MarketError):
    """The exchange lists that symbol already."""

    code = "instrument_exists"

    def __init__(self, *, symbol: str, mic: str) -> None:
        super().__init__(f"{mic} lists {symbol} already.")
        self.symbol = symbol
        self.mic = mic


@transaction.atomic
def list_instrument(*, symbol: str, exchange: str, listed_at: datetime, **facts: Any) -> Instrument:
    """Add an instrument to the master, and its exchange where it is the first one there.

    ``facts`` are fields of ``Instrument``.

    Raises:
        UnknownExchange: there is no such exchange.
        InstrumentExists: it is listed there already.
    """
    make_exchanges([exchange])
    try:
        with transaction.atomic():
            made = Instrument.objects.create(symbol=symbol, exchange_id=exchange, **facts)
    except IntegrityError as error:
        raise InstrumentExists(symbol=symbol, mic=exchange) from error
    audit.record(
        action="instrument.listed",
        owner_id=None,
        target="instrument",
        target_id=str(made.public_id),
        after={"symbol": symbol, "exchange": exchange, **facts},
        occurred_at=listed_at,
    )
    return made


@transaction.atomic
def change_instrument(
    instrument: Instrument, *, changes: dict[str, Any], changed_at: datetime
) -> Instrument:
    """Correct facts about an instrument; deactivating is ``is_active=False``.

    Raises:
        HoldfastError: a fact that cannot change.
    """
    if unknown := sorted(set(changes) - CHANGEABLE):
        raise HoldfastError(f"{', '.join(unknown)} cannot change.")
    instrument = Instrument.objects.select_for_update(no_key=True).get(id=instrument.id)
    former = {name: getattr(instrument, name) for name in changes}
    before, after = audit.changes(former, changes)
    if not after:
        return instrument
    for name, value in after.items():
        setattr(instrument, name, value)
    instrument.save(update_fields=sorted(after))
    note_change(instrument, before, after, changed_at=changed_at)
    return instrument


def note_change(
    instrument: Instrument, before: dict[str, Any], after: dict[str, Any], *, changed_at: datetime
) -> None:
    audit.record(
        action=(
            "instrument.changed"
            if "is_active" not in after
            else "instrument.activated"
            if after["is_active"]
            else "instrument.deactivated"
        ),
        owner_id=None,
        target="instrument",
        target_id=str(instrument.public_id),
        before={"symbol": instrument.symbol, **before},
        after={"symbol": instrument.symbol, **after},
        occurred_at=changed_at,
    )
