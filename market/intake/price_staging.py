"""Rows of a price file between reading and storing: a temporary table and set-based checks.

Everything happens in the caller's transaction. A refused row is kept in quarantine with its line,
once per reason; what is neither refused nor an exact repetition of an earlier line is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.backends.utils import CursorWrapper

from market.intake.bars import SIMULATED, Arrivals
from market.intake.copying import copy_rows
from market.intake.price_layout import Layout, RefusedLine
from market.intake.spikes import CLOSES_DAYS

TABLE: Final = """
    CREATE TEMPORARY TABLE price_row (
        line bigint, symbol text, currency text, date date, open numeric, high numeric,
        low numeric, close numeric, adjusted_close numeric, volume numeric
    ) ON COMMIT DROP
"""

# What each symbol in a file may mean, both as AAPL and as XNAS:AAPL.
LISTINGS: Final = """
    CREATE TEMPORARY TABLE price_listing ON COMMIT DROP AS
    SELECT address, min(instrument.id) AS instrument_id, count(*) AS matches,
           min(instrument.currency) AS currency, min(exchange.timezone) AS timezone
    FROM market_instrument AS instrument
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    CROSS JOIN LATERAL (
        VALUES (instrument.symbol::text), (instrument.exchange_id || ':' || instrument.symbol)
    ) AS known(address)
    -- An inactive listing counts only where no active one has the symbol.
    WHERE instrument.is_active OR NOT EXISTS (
        SELECT FROM market_instrument AS active
        WHERE active.symbol = instrument.symbol AND active.is_active)
    GROUP BY address;
    ANALYZE price_listing;
    CREATE TEMPORARY TABLE price_left_out (line bigint PRIMARY KEY) ON COMMIT DROP;
"""

OPENED_AT: Final = "(row.date::timestamp AT TIME ZONE listing.timezone)"

SOUND: Final = f"""
    listing.matches = 1 AND row.low > 0 AND row.low <= row.open AND row.low <= row.close
    AND row.high >= row.open AND row.high >= row.close AND row.volume >= 0
    AND (row.adjusted_close IS NULL OR row.adjusted_close > 0)
    AND (row.currency IS NULL OR row.currency = listing.currency)
    AND {OPENED_AT} <= %(now)s
"""

# A row as it stands in quarantine.
RAW: Final = """jsonb_strip_nulls(jsonb_build_object(
        'symbol', row.symbol, 'date', row.date, 'open', row.open::text,
        'high', row.high::text, 'low', row.low::text, 'close', row.close::text,
        'adjusted_close', row.adjusted_close::text, 'volume', row.volume::text,
        'currency', row.currency))"""

# Every reason for which SOUND is not true.
REFUSE: Final = f"""
    INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
    SELECT %(run_id)s, row.line, problem.code, problem.message, {RAW}
    FROM price_row AS row
    LEFT JOIN price_listing AS listing ON listing.address = row.symbol
    CROSS JOIN LATERAL (VALUES
        (listing.matches IS NULL, 'unknown_symbol',
         format('There is no instrument %%s.', row.symbol)),
        (listing.matches > 1, 'ambiguous_symbol',
         format('%%s is listed on several exchanges; write it as XNAS:%%s.',
                row.symbol, row.symbol)),
        (row.currency <> listing.currency, 'wrong_currency',
         format('currency was %%s, must be %%s.', row.currency, listing.currency)),
        (least(row.open, row.high, row.low, row.close, row.adjusted_close) <= 0,
         'price_not_positive',
         format('a price was %%s, must be > 0.',
                least(row.open, row.high, row.low, row.close, row.adjusted_close))),
        (row.high < greatest(row.open, row.close, row.low), 'high_too_low',
         format('high was %%s, below %%s.', row.high, greatest(row.open, row.close, row.low))),
        (row.low > least(row.open, row.close), 'low_too_high',
         format('low was %%s, above %%s.', row.low, least(row.open, row.close))),
        (row.volume < 0, 'volume_negative',
         format('volume was %%s, must be >= 0.', row.volume)),
        ({OPENED_AT} > %(now)s, 'future_time',
         format('date was %%s, must not lie ahead.', row.date))
    ) AS problem(is_found, code, message)
    WHERE ({SOUND}) IS NOT TRUE AND problem.is_found
"""

LEAVE_OUT_REFUSED: Final = """
    INSERT INTO price_left_out
    SELECT DISTINCT line FROM market_quarantinedrow
    JOIN price_row USING (line) WHERE run_id = %(run_id)s
"""

# The first sound line of an instrument and date counts. A later one that says the same is a mere
# repetition; one that says something else is refused, sound or not.
DUPLICATES: Final = """
    CREATE TEMPORARY TABLE price_duplicate ON COMMIT DROP AS
    WITH repeated AS (
        SELECT listing.instrument_id, row.date
        FROM price_row AS row JOIN price_listing AS listing ON listing.address = row.symbol
        WHERE listing.matches = 1
        GROUP BY listing.instrument_id, row.date HAVING count(*) > 1
    ), judged AS (
        SELECT row.*, listing.instrument_id,
               min(row.line) FILTER (WHERE left_out.line IS NULL)
                   OVER (PARTITION BY listing.instrument_id, row.date) AS first_line
        FROM repeated
        JOIN price_listing AS listing ON listing.instrument_id = repeated.instrument_id
        JOIN price_row AS row ON row.symbol = listing.address AND row.date = repeated.date
        LEFT JOIN price_left_out AS left_out ON left_out.line = row.line
    )
    SELECT judged.*,
           (judged.open, judged.high, judged.low, judged.close, judged.volume)
           = (first.open, first.high, first.low, first.close, first.volume)
           AND judged.adjusted_close IS NOT DISTINCT FROM first.adjusted_close AS says_the_same
    FROM judged JOIN price_row AS first ON first.line = judged.first_line
    WHERE judged.line > judged.first_line
"""

REFUSE_DUPLICATES: Final = f"""
    INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
    SELECT %(run_id)s, line, 'duplicate_row',
           format('line %%s already gives %%s on %%s, with other values.',
                  first_line, symbol, date),
           {RAW}
    FROM price_duplicate AS row WHERE NOT says_the_same
"""

LEAVE_OUT_DUPLICATES: Final = """
    INSERT INTO price_left_out SELECT line FROM price_duplicate ON CONFLICT DO NOTHING
"""

ARRIVING: Final = f"""
    SELECT listing.instrument_id, '1d' AS "interval", {OPENED_AT} AS opened_at,
           row.open, row.high, row.low, row.close, row.volume,
           NULL::numeric AS turnover, NULL::integer AS "count", row.adjusted_close
    FROM price_row AS row JOIN price_listing AS listing ON listing.address = row.symbol
"""

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
        SELECT instrument_id, opened_at, line, date, close FROM price_recent
        UNION ALL
        SELECT stored.instrument_id, stored.opened_at, NULL, NULL, stored.close
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
    ), compared AS (
        SELECT line, date, opened_at, close, lag(close) OVER before AS previous,
               array_agg(ln(close)) OVER (before ROWS BETWEEN %(closes)s PRECEDING
                                          AND 1 PRECEDING) AS earlier
        FROM series WINDOW before AS (PARTITION BY instrument_id ORDER BY opened_at)
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
          AND abs(ln(close) - ln(previous)) > %(deviations)s * %(floor)s::numeric
    )
    INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
    SELECT %(run_id)s, row.line, 'spike',
           format('close was %%s, after closes around %%s; is that so?',
                  row.close, round(exp(measured.middle), 4)),
           {RAW}
    FROM measured JOIN price_row AS row ON row.line = measured.line
    WHERE abs(ln(measured.close) - measured.middle) > measured.width
      AND abs(ln(measured.close) - ln(measured.previous)) > measured.width
"""

LEAVE_OUT_SPIKES: Final = """
    INSERT INTO price_left_out SELECT line FROM market_quarantinedrow
    WHERE run_id = %(run_id)s AND code = 'spike'
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found."""

    refused: int  # rows, each once however many reasons
    repeated: int  # exact repetitions of an earlier line
    without_volume: int  # sound or not
    arrivals: Arrivals


class PriceStaging:
    """The rows of one file on their way in, within one transaction."""

    def __init__(self, cursor: CursorWrapper, *, run_id: UUID, now: datetime) -> None:
        self._cursor = cursor
        self._parameters: dict[str, Any] = {
            "run_id": run_id,
            "now": now,
            **spike_parameters(now),
        }
        self.refused_lines = 0  # that could not even be read
        for table in (
            "price_row",
            "price_listing",
            "price_left_out",
            "price_duplicate",
            "price_recent",
        ):
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
        cursor.execute(TABLE)

    def add(self, layout: Layout, staged: Sequence[bytes], refused: Sequence[RefusedLine]) -> None:
        columns = ", ".join(["line", *layout.known_columns])
        if staged:
            with self._cursor.copy(f"COPY price_row ({columns}) FROM STDIN (FORMAT CSV)") as copy:
                copy.write(b"".join(staged))
        if refused:
            self._refuse_lines(refused)

    def check(self) -> Checked:
        """Refuse what cannot be true, and what the file says twice in different ways."""
        self._cursor.execute(LISTINGS)
        for statement in (
            REFUSE,
            LEAVE_OUT_REFUSED,
            DUPLICATES,
            REFUSE_DUPLICATES,
            LEAVE_OUT_DUPLICATES,
        ):
            self._cursor.execute(statement, self._parameters)
        self._refuse_spikes()
        self._cursor.execute(
            """
            SELECT
                (SELECT count(DISTINCT line) FROM market_quarantinedrow WHERE run_id = %(run_id)s),
                (SELECT count(*) FROM price_left_out),
                (SELECT count(*) FROM price_row WHERE volume = 0),
                (SELECT count(*) FROM price_row)
            """,
            self._parameters,
        )
        ((refused, left_out, without_volume, staged),) = self._cursor.fetchall()
        return Checked(
            refused=refused,
            repeated=left_out + self.refused_lines - refused,
            without_volume=without_volume,
            arrivals=_arrivals(staged=staged, left_out=left_out),
        )

    def _refuse_spikes(self) -> None:
        self._cursor.execute(RECENT, self._parameters)
        if self._cursor.rowcount:
            self._cursor.execute("ANALYZE price_recent")
            # Stored closes of a few instruments are looked up one by one.
            self._cursor.execute("SET LOCAL enable_nestloop = on")
            self._cursor.execute(REFUSE_SPIKES, self._parameters)
            self._cursor.execute(LEAVE_OUT_SPIKES, self._parameters)

    def _refuse_lines(self, refused: Sequence[RefusedLine]) -> None:
        self.refused_lines += len(refused)
        run_id = self._parameters["run_id"]
        self._cursor.execute(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS price_refusal
                (line bigint, code text, message text, raw text) ON COMMIT DROP
            """
        )
        columns = {"line": "int8", "code": "text", "message": "text", "raw": "text"}
        copy_rows(
            self._cursor,
            "price_refusal",
            columns,
            [(item.line, item.code, item.message, item.text) for item in refused],
        )
        self._cursor.execute(
            """
            INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
            SELECT %s, line, code, left(message, 300), jsonb_build_object('line', raw)
            FROM price_refusal
            """,
            [run_id],
        )
        self._cursor.execute("TRUNCATE price_refusal")


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


def _arrivals(*, staged: int, left_out: int) -> Arrivals:
    is_wanted = "WHERE NOT EXISTS (SELECT FROM price_left_out WHERE line = row.line)"
    return Arrivals(
        f"{ARRIVING} {is_wanted if left_out else ''}", is_exclusive=True, count=staged - left_out
    )
