"""The set-based checks of a price file's rows, as statements over its temporary tables."""

from __future__ import annotations

from typing import Final

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
    -- Most days are long past, in every time zone.
    AND (row.date < %(now)s::date - 1 OR {OPENED_AT} <= %(now)s)
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

# Found apart, because a file repeats itself seldom: what follows then looks at a few rows only.
REPEATED: Final = """
    CREATE TEMPORARY TABLE price_repeated ON COMMIT DROP AS
    SELECT listing.instrument_id, row.date
    FROM price_row AS row JOIN price_listing AS listing ON listing.address = row.symbol
    WHERE listing.matches = 1
    GROUP BY listing.instrument_id, row.date HAVING count(*) > 1
"""

# The first sound line of an instrument and date counts. A later one that says the same is a mere
# repetition; one that says something else is refused, sound or not.
DUPLICATES: Final = """
    CREATE TEMPORARY TABLE price_duplicate ON COMMIT DROP AS
    WITH wanted AS MATERIALIZED (
        SELECT listing.address, listing.instrument_id, repeated.date
        FROM price_repeated AS repeated JOIN price_listing AS listing USING (instrument_id)
    ), judged AS MATERIALIZED (
        SELECT row.*, wanted.instrument_id,
               min(row.line) FILTER (WHERE left_out.line IS NULL)
                   OVER (PARTITION BY wanted.instrument_id, row.date) AS first_line
        FROM wanted
        JOIN price_row AS row ON row.symbol = wanted.address AND row.date = wanted.date
        LEFT JOIN price_left_out AS left_out ON left_out.line = row.line
    )
    SELECT judged.*,
           (judged.open, judged.high, judged.low, judged.close, judged.volume)
           = (first.open, first.high, first.low, first.close, first.volume)
           AND judged.adjusted_close IS NOT DISTINCT FROM first.adjusted_close AS says_the_same
    FROM judged JOIN judged AS first ON first.line = judged.first_line
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

FIRST_DATES: Final = """
    SELECT listing.instrument_id, min(row.date)
    FROM price_row AS row JOIN price_listing AS listing ON listing.address = row.symbol
"""
