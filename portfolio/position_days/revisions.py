"""Which version of prices and rates a process may go on using what it has of them.

Whatever changes bars, corporate actions or rates draws a new revision in its own transaction, so
a process that knows another one reads anew. Revisions are drawn by chance and not counted: one of
a transaction that was undone never comes again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.dispatch import receiver

from market.corporate_actions.facts import ActionChange
from market.signals import corporate_actions_changed, daily_bars_changed, exchange_rates_changed
from portfolio.bookkeeping.bulk import execute, fetch_rows

RATES: Final = "rates"

DRAW: Final = """
INSERT INTO portfolio_pricerevision (series, revision)
SELECT series, gen_random_uuid() FROM unnest(%s::text[]) AS changed (series) ORDER BY series
ON CONFLICT (series) DO UPDATE SET revision = excluded.revision
"""
# Of what nobody has asked for yet.
BEGIN: Final = """
INSERT INTO portfolio_pricerevision (series, revision)
SELECT series, gen_random_uuid() FROM unnest(%s::text[]) AS asked (series) ORDER BY series
ON CONFLICT DO NOTHING
"""
KNOWN: Final = "SELECT series, revision FROM portfolio_pricerevision WHERE series = ANY(%s)"


def price_series(instrument_id: int) -> str:
    return f"prices:{instrument_id}"


def revisions(series: Collection[str]) -> dict[str, UUID]:
    """The current revision of each; one query, and another for those that have none yet.

    Needs a transaction that may write.
    """
    wanted = list(series)
    found: dict[str, UUID] = dict(fetch_rows(KNOWN, [wanted]))
    if len(found) < len(wanted):
        execute(BEGIN, [sorted(set(wanted) - found.keys())])
        found = dict(fetch_rows(KNOWN, [wanted]))
    return found


def draw(series: Iterable[str]) -> None:
    if changed := sorted(set(series)):
        execute(DRAW, [changed])


@receiver(daily_bars_changed, dispatch_uid="portfolio.draw_revisions_of_bars")
def note_bars(*, first_dates: Mapping[int, date], **_: Any) -> None:
    draw(price_series(one) for one in first_dates)


@receiver(corporate_actions_changed, dispatch_uid="portfolio.draw_revisions_of_actions")
def note_actions(*, changes: Sequence[ActionChange], **_: Any) -> None:
    """A split decides what units of earlier days were worth."""
    draw(price_series(change.instrument_id) for change in changes)


@receiver(exchange_rates_changed, dispatch_uid="portfolio.draw_revision_of_rates")
def note_rates(**_: Any) -> None:
    draw([RATES])
