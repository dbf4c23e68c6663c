"""Splits, and the worker's run that adjusts orders to them, as tests call them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from market.models import CorporateAction, Instrument
from trading.changing.split_orders import adjust_orders, cancel_misled, overtaken

EX_DATE = date(2026, 3, 5)  # the day after NOON
MIDNIGHT = datetime.fromisoformat("2026-03-05T05:00:00+00:00")  # in New York


def split(
    instrument: Instrument, words: str = "4 for 1", *, ex_date: date = EX_DATE, **fields: Any
) -> CorporateAction:
    ratio_to, ratio_from = words.split(" for ")
    return CorporateAction.objects.create(
        instrument=instrument,
        kind="split",
        ex_date=ex_date,
        ratio_from=int(ratio_from),
        ratio_to=int(ratio_to),
        source="manual",
        **fields,
    )


def adjust(now: datetime = MIDNIGHT) -> int:
    """What the worker does every minute; how many orders are asked for."""
    return cancel_misled(now=now) + sum(
        adjust_orders(*pair, now=now) for pair in overtaken(now=now)
    )
