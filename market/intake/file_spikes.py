"""Recent prices of a file that jumped: the rule of ``market.intake.spikes``, set-based."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.backends.utils import CursorWrapper

from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.split_factors import Splits, splits_of
from market.intake.bars import SIMULATED
from market.intake.price_checks import OPENED_AT, RAW
from market.intake.spikes import CLOSES_DAYS

# Recent rows, with those before them that they are compared with. A history of years is taken as
# it was published: real prices jump, and nobody would judge its hundreds of jumps.
RECENT: Final = f"""
    CREATE TEMPORARY TABLE price_recent ON COMMIT DROP AS
    SELECT row.line, row.date, row.close, listing.instrument_id, {OPENED_AT} AS opened_at
    FROM price_row AS row JOIN price_listing AS listing ON listing.address = row.symbol
    WHERE row.date > %(series_since)s
      AND NOT EXISTS (SELECT FROM price_left_out AS left_out WHERE left_out.line = row.line)
"""

# The rule of market.intake.spikes, for all rows at once.
REFUSE_SPIKES: Final = f"""
    WITH series AS (
        SELECT instrument_id, opened_at, line, date, close, FALSE AS is_as_traded
        FROM price_recent
        UNION ALL
        SELECT stored.instrument_id, stored.opened_at, NULL, NULL, stored.close, {IS_OF_TICKS}
        FROM (SELECT DISTINCT instrument_id FROM price_recent) AS listed
        CROSS JOIN LATERAL (
            SELECT * FROM market_bar
            WHERE instrument_id = listed.instrument_id AND "interval" = '1d'
              AND source <> '{SIMULATED}' AND opened_at > %(series_since)s
        ) AS stored
        WHERE NOT EXISTS (
            SELECT FROM price_recent AS recent
            WHERE recent.instrument_id = stored.instrument_id
              AND recent.opened_at = stored.opened_at)
    ), split AS (
        SELECT * FROM unnest(
            %(split_ids)s::int[], %(split_times)s::timestamptz[], %(split_factors)s::numeric[],
            %(are_in_history)s::bool[]) AS split(instrument_id, ex_at, factor, is_in_history)
    ), comparable AS (
        SELECT line, date, opened_at, instrument_id, ln(close) + coalesce((
                   SELECT sum(ln(split.factor)) FROM split
                   WHERE split.instrument_id = series.instrument_id
                     AND split.ex_at > series.opened_at AND split.ex_at <= %(now)s
                     AND (series.is_as_traded OR NOT split.is_in_history)), 0) AS level
        FROM series
    ), compared AS (
        SELECT line, date, opened_at, level, lag(level) OVER before AS previous,
               array_agg(level) OVER (before ROWS BETWEEN %(closes)s PRECEDING
                                      AND 1 PRECEDING) AS earlier
        FROM comparable WINDOW before AS (PARTITION BY instrument_id ORDER BY opened_at)
    ), measured AS (
        SELECT compared.*, middle.at AS middle, %(deviations)s * greatest(
                   deviation.found, %(floor)s::numeric) AS width
        FROM compared
        CROSS JOIN LATERAL (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY one)::numeric AS at
            FROM unnest(earlier) AS one) AS middle
        CROSS JOIN LATERAL (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(one - middle.at))::numeric
                   AS found FROM unnest(earlier) AS one) AS deviation
        WHERE line IS NOT NULL AND date > %(spikes_since)s AND cardinality(earlier) >= %(needed)s
          -- No width is less, so most rows need no median.
          AND abs(level - previous) > %(deviations)s * %(floor)s::numeric
    )
    INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
    SELECT %(run_id)s, row.line, 'spike',
           format('close was %%s, after closes around %%s; is that so?',
                  row.close, round(exp(measured.middle), 4)),
           {RAW}
    FROM measured JOIN price_row AS row ON row.line = measured.line
    WHERE abs(measured.level - measured.middle) > measured.width
      AND abs(measured.level - measured.previous) > measured.width
"""

LEAVE_OUT_SPIKES: Final = """
    INSERT INTO price_left_out SELECT line FROM market_quarantinedrow
    WHERE run_id = %(run_id)s AND code = 'spike'
"""


def refuse_spikes(cursor: CursorWrapper, *, run_id: UUID, now: datetime) -> None:
    """Quarantine the staged rows that jumped, and leave them out."""
    parameters = {"run_id": run_id, "now": now, **spike_parameters(now)}
    cursor.execute(RECENT, parameters)
    if cursor.rowcount:
        cursor.execute("SELECT DISTINCT instrument_id FROM price_recent")
        ids = [number for (number,) in cursor.fetchall()]
        parameters |= split_parameters(splits_of(ids, since=parameters["series_since"]))
        cursor.execute("ANALYZE price_recent")
        # Stored closes of a few instruments are looked up one by one.
        cursor.execute("SET LOCAL enable_nestloop = on")
        cursor.execute(REFUSE_SPIKES, parameters)
        cursor.execute(LEAVE_OUT_SPIKES, parameters)


def spike_parameters(now: datetime) -> dict[str, Any]:
    limits = settings.LIMITS
    judged_since = now.date() - timedelta(days=limits.spike_days)
    return {
        "spikes_since": judged_since,
        "series_since": judged_since - timedelta(days=CLOSES_DAYS),
        "deviations": limits.spike_deviations,
        "floor": Decimal(limits.spike_floor_bps) / 10_000,
        "closes": limits.spike_closes,
        "needed": limits.spike_closes_needed,
    }


def split_parameters(splits: Splits) -> dict[str, Any]:
    """Splits as columns; they make closes before them comparable with those after."""
    rows = [(number, one) for number, found in splits.items() for one in found]
    return {
        "split_ids": [number for number, _ in rows],
        "split_times": [one.ex_at for _, one in rows],
        "split_factors": [one.factor for _, one in rows],
        "are_in_history": [one.is_in_history for _, one in rows],
    }
