"""Halting an instrument, and letting it trade again: what page, API and admin call alike.

The matcher reads the standing halts with each batch: from the next one on nothing of a halted
instrument fills. Its working orders become ``suspended`` and keep their place, new ones are refused
before they are recorded, or ``denied`` where the halt overtook them, and cancelling goes on.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem, ProblemsError
from market.models import Instrument
from trading.errors import TradingError
from trading.models import TradingHalt
from trading.shards import doorbell

REASON_LENGTH: Final = 200


class AlreadyHalted(TradingError):
    """A halt of the instrument stands."""

    code = "already_halted"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"Trading in {symbol} is halted already.")


class NotHalted(TradingError):
    """No halt of the instrument stands."""

    code = "not_halted"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"Trading in {symbol} is not halted.")


class ReasonRefused(TradingError, ProblemsError):
    """The reason is empty or too long."""

    code = "reason_refused"


@transaction.atomic
def halt_instrument(
    instrument: Instrument, *, reason: str, halted_at: datetime, halted_by_id: UUID
) -> TradingHalt:
    """Let nobody trade an instrument until it is resumed.

    Raises:
        ReasonRefused: it says nothing, or too much.
        AlreadyHalted: a halt stands.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        message = f"reason had {len(reason)} characters, must have 1 to {REASON_LENGTH}."
        raise ReasonRefused([Problem("reason", "bad_length", message)])
    halt, is_new = TradingHalt.objects.get_or_create(
        instrument=instrument,
        resumed_at=None,
        defaults={"reason": reason, "halted_at": halted_at, "halted_by_id": halted_by_id},
    )
    if not is_new:
        raise AlreadyHalted(instrument.symbol)
    audit.record(
        action="instrument.halted",
        owner_id=None,
        target="instrument",
        target_id=str(instrument.public_id),
        after={"symbol": instrument.symbol, "reason": reason},
        occurred_at=halted_at,
    )
    transaction.on_commit(partial(doorbell.ring, instrument.id))
    return halt


@transaction.atomic
def resume_instrument(
    instrument: Instrument, *, resumed_at: datetime, resumed_by_id: UUID
) -> TradingHalt:
    """Let an instrument trade again; its orders fill at the next price.

    Raises:
        NotHalted: no halt stands.
    """
    standing = TradingHalt.objects.standing().filter(instrument=instrument)
    halt = standing.select_for_update(no_key=True).first()
    if halt is None:
        raise NotHalted(instrument.symbol)
    halt.resumed_at = max(resumed_at, halt.halted_at)
    halt.resumed_by_id = resumed_by_id
    halt.save(update_fields=["resumed_at", "resumed_by_id"])
    audit.record(
        action="instrument.resumed",
        owner_id=None,
        target="instrument",
        target_id=str(instrument.public_id),
        before={"symbol": instrument.symbol, "reason": halt.reason, "halted_at": halt.halted_at},
        occurred_at=resumed_at,
    )
    transaction.on_commit(partial(doorbell.ring, instrument.id))
    return halt
