"""Prices that their source corrected: what each was, and what superseded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson
from django.db import connection

from market.intake.bars import BAR_AS_JSON
from market.models import BarRevision, TickRevision
from market.values import plain

SHOWN: Final = ("open", "high", "low", "close", "adjusted_close", "volume", "source")

# The version after, which may have been corrected by now as well; else the bar as it stands.
BARS_AFTER: Final = f"""
    SELECT revision.id, coalesce(next.bar, {BAR_AS_JSON})
    FROM market_barrevision AS revision
    LEFT JOIN LATERAL (
        SELECT later.bar FROM market_barrevision AS later
        WHERE later.instrument_id = revision.instrument_id
          AND later."interval" = revision."interval" AND later.opened_at = revision.opened_at
          AND later.id > revision.id
        ORDER BY later.id LIMIT 1
    ) AS next ON TRUE
    LEFT JOIN market_bar AS stored
      ON stored.instrument_id = revision.instrument_id
     AND stored."interval" = revision."interval" AND stored.opened_at = revision.opened_at
    WHERE revision.id = ANY(%s)
"""

TICKS_AFTER: Final = """
    SELECT revision.id, coalesce(next.price, stored.price), coalesce(next.size, stored.size)
    FROM market_tickrevision AS revision
    LEFT JOIN LATERAL (
        SELECT later.price, later.size FROM market_tickrevision AS later
        WHERE later.instrument_id = revision.instrument_id
          AND later.occurred_at = revision.occurred_at
          AND later.provider_tick_id = revision.provider_tick_id AND later.id > revision.id
        ORDER BY later.id LIMIT 1
    ) AS next ON TRUE
    LEFT JOIN market_tick AS stored
      ON stored.instrument_id = revision.instrument_id
     AND stored.occurred_at = revision.occurred_at
     AND stored.provider_tick_id = revision.provider_tick_id
    WHERE revision.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a price that was corrected; prices in the instrument's currency, as texts."""

    name: str
    before: str  # empty where there was none
    after: str


@dataclass(frozen=True, slots=True)
class BarCorrection:
    """A bar as it was and as its source said it next; keys are those of ``BAR_AS_JSON``."""

    revision: BarRevision
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def changes(self) -> list[Change]:
        """Those of its values that changed."""
        texts = ((name, _text(self.before, name), _text(self.after, name)) for name in SHOWN)
        return [Change(name, was, now) for name, was, now in texts if was != now]


@dataclass(frozen=True, slots=True)
class TickCorrection:
    """A tick as it was, and its price and size as its provider said them next."""

    revision: TickRevision
    price: Decimal
    size: Decimal

    @property
    def changes(self) -> list[Change]:
        """Those of its values that changed."""
        was = self.revision
        pairs = (("price", was.price, self.price), ("size", was.size, self.size))
        return [Change(name, plain(old), plain(new)) for name, old, new in pairs if old != new]


def bar_corrections(revisions: Sequence[BarRevision]) -> list[BarCorrection]:
    """In the order given; one query."""
    after = dict(_rows(BARS_AFTER, revisions))
    return [BarCorrection(one, one.bar, orjson.loads(after[one.id])) for one in revisions]


def tick_corrections(revisions: Sequence[TickRevision]) -> list[TickCorrection]:
    """In the order given; one query."""
    after = {number: values for number, *values in _rows(TICKS_AFTER, revisions)}
    return [TickCorrection(one, *after[one.id]) for one in revisions]


def _rows(sql: str, revisions: Sequence[BarRevision | TickRevision]) -> list[Any]:
    if not revisions:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [[one.id for one in revisions]])
        return list(cursor.fetchall())


def _text(bar: Mapping[str, Any], name: str) -> str:
    found = bar.get(name)
    return "" if found is None else str(found)
