"""Ticks in one partition per UTC day, and a default one so that no tick is ever refused a home.

Day partitions are made ahead of time by ``market.intake.partitions.ensure_tick_partitions``.
"""

from django.db import migrations

CREATE = """
CREATE TABLE market_tick (
    instrument_id integer NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    provider_tick_id character varying(40) COLLATE "C" NOT NULL,
    price numeric(20, 8) NOT NULL,
    size numeric(28, 10) NOT NULL,
    source character varying(20) NOT NULL,
    CONSTRAINT market_tick_key PRIMARY KEY (instrument_id, occurred_at, provider_tick_id),
    CONSTRAINT tick_price_positive CHECK (price > 0),
    CONSTRAINT tick_size_not_negative CHECK (size >= 0)
) PARTITION BY RANGE (occurred_at);

CREATE TABLE market_tick_default PARTITION OF market_tick DEFAULT;
"""

DROP = "DROP TABLE market_tick;"


class Migration(migrations.Migration):
    dependencies = [("market", "0001_instruments_prices_watchlists")]

    operations = [migrations.RunSQL(sql=CREATE, reverse_sql=DROP)]
