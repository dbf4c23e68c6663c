"""Find instruments whose symbol or name is one typing error away, by an index of what remains.

``market_search_keys`` gives every word of a text, and every word with one letter left out. Two words
that differ by a letter too many, too few, another or two swapped have one of these in common, so an
ordinary index of arrays finds them; no extension is needed. Where ``pg_trgm`` is at hand and may be
made, names get its index too: searches then compare trigrams besides, which forgives more.
"""

from django.db import migrations

CREATE = r"""
CREATE FUNCTION market_search_keys(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 2000 AS $$
    WITH word AS (
        SELECT word, length(word) AS letters
        FROM regexp_split_to_table(lower(left(words, 200)), '[^[:alnum:]]+') AS word
        WHERE length(word) BETWEEN 3 AND 24
    )
    SELECT coalesce(array_agg(DISTINCT key), '{}') FROM (
        SELECT word AS key FROM word
        UNION ALL
        SELECT left(word, at - 1) || substr(word, at + 1)
        FROM word, generate_series(1, letters) AS at
    ) AS keys
$$;

CREATE INDEX instrument_search_keys ON market_instrument
USING gin (market_search_keys(symbol || ' ' || name));
"""

DROP = """
DROP INDEX instrument_search_keys;
DROP FUNCTION market_search_keys(text);
"""

# Whoever runs the server may forbid extensions in ways of their own; searches do without.
TRIGRAMS = """
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX instrument_name_trigrams ON market_instrument
            USING gin (upper(name) gin_trgm_ops);
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'Searches go without trigrams: %', SQLERRM;
        END;
    END IF;
END
$$;
"""

# The extension stays: something else in the database may use it by now.
NO_TRIGRAMS = "DROP INDEX IF EXISTS instrument_name_trigrams;"


class Migration(migrations.Migration):
    dependencies = [("market", "0011_what_providers_call_instruments")]

    operations = [
        migrations.RunSQL(sql=CREATE, reverse_sql=DROP),
        migrations.RunSQL(sql=TRIGRAMS, reverse_sql=NO_TRIGRAMS),
    ]
