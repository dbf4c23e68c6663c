"""Every limit and time-out of the desk, by name. Units stand last in each name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Read through ``settings.LIMITS``; each value has a test at the limit and one beyond."""

    # One HTTP request.
    request_body_bytes: int = 2 * 1024 * 1024
    request_fields: int = 2_000
    # A request of the API that takes longer is rolled back; also the most one statement of a web
    # process may take, and the most of it that may be waiting for a lock.
    request_timeout_seconds: int = 10
    request_lock_timeout_seconds: int = 5
    upload_bytes: int = 64 * 1024 * 1024
    request_threads: int = 8
    # Waiting requests beyond this answer 503 at once, so that a jam stays short.
    request_queue: int = 256

    # PostgreSQL, for the processes that answer no requests; Valkey for all.
    statement_timeout_seconds: int = 30
    lock_timeout_seconds: int = 10
    idle_transaction_timeout_seconds: int = 60
    database_connection_age_seconds: int = 600
    cache_timeout_seconds: int = 2

    # Files of prices.
    archive_unpacked_bytes: int = 2 * 1024 * 1024 * 1024
    archive_ratio: int = 200
    price_file_line_bytes: int = 64 * 1024
    # A file of which more is wrong is not what it is taken for; nothing of it is stored.
    price_file_refusals: int = 100_000
    instrument_file_bytes: int = 16 * 1024 * 1024
    price_run_silence_seconds: int = 300
    # A file of the watched folder that was written to within this may not be whole.
    price_folder_settled_seconds: int = 10

    # Minutes older than this are not asked for, be they missing or not.
    collection_days: int = 5
    # Days older than this are not asked for.
    collection_history_days: int = 20 * 366
    # An answer of a provider: its size, and how long it may take.
    provider_answer_bytes: int = 16 * 1024 * 1024
    provider_answer_seconds: int = 20
    # Pages of one question; five days of minutes are one.
    provider_pages: int = 100

    # A price that far from the closes before it is a spike: beyond both factors of ten thousandths
    # of their median and so many times their median deviation. Only recent prices are judged.
    spike_deviations: int = 20
    spike_floor_bps: int = 200
    spike_closes: int = 20
    spike_closes_needed: int = 5
    spike_days: int = 30

    corporate_action_file_bytes: int = 8 * 1024 * 1024

    watchlist_items: int = 500

    # Webhooks, and how long a receiver may take to answer.
    webhooks_per_user: int = 10
    # Indices that a user brings to compare with, and portfolios that are looked at as one.
    indices_per_user: int = 50
    portfolios_together: int = 100
    # With whom a portfolio is shared, and by how many links that open something.
    members_per_portfolio: int = 20
    share_links_per_portfolio: int = 10
    webhook_answer_seconds: int = 15
    # How long a server that keeps the vault's keys may take, and how long credentials stay unlocked
    # once their owner gave his master password.
    vault_answer_seconds: int = 5
    vault_unlocked_seconds: int = 12 * 3600
    # Brokers: an answer, how long it may take, and the pages of one question.
    broker_answer_bytes: int = 32 * 1024 * 1024
    broker_answer_seconds: int = 12
    broker_pages: int = 2_000
    # How long a worker waits for its turn at a broker, before it leaves the sync for later.
    broker_patience_seconds: int = 20
    # How long a session that is open at a broker is kept for whoever asks next.
    broker_session_seconds: int = 3600
    # Connections to brokers, and how often one is synced by itself. A sync of which no worker says
    # anything for that long is over.
    connections_per_user: int = 20
    connection_sync_seconds: int = 6 * 3600
    sync_silence_seconds: int = 15 * 60
    # What a broker told within so many days before the latest is read again, as some tell late.
    sync_overlap_days: int = 10
    sync_batch_rows: int = 500
    # A sync that waits for its broker for longer is given up.
    sync_hours: int = 24
    # Live orders. One that was not sent that soon is not sent at all; what a worker has in hand is
    # submitted within so many seconds of taking it, and after that long a silent worker is dead.
    live_order_fresh_seconds: int = 60
    live_order_submit_seconds: int = 40
    live_order_silence_seconds: int = 150
    # How often the broker is asked about one of unknown outcome, and about one that works; after
    # that long one that it has not is taken for never received, and is looked for until the last.
    live_order_unknown_look_seconds: int = 5
    live_order_look_seconds: int = 15
    live_order_lost_seconds: int = 300
    live_order_watch_hours: int = 24
    # Orders of one connection that are looked at in one go.
    live_orders_per_look: int = 50
    # What a user may allow at most when he arms a connection: an order's value, orders a day.
    arming_value_maximum: int = 1_000_000_000
    arming_orders_maximum: int = 1_000
    # What the stream of events in Valkey keeps, about.
    event_stream_entries: int = 100_000
    # Files of activities: as sent, unpacked, and what is in them. Kept until they are booked.
    import_file_bytes: int = 32 * 1024 * 1024
    import_unpacked_bytes: int = 96 * 1024 * 1024
    import_files: int = 50
    import_rows: int = 100_000
    import_columns: int = 200
    # As many as the lots take that one sale may name.
    import_cell_characters: int = 100_000
    # Files up to that size are read, and so many rows booked, while the sender waits.
    import_bytes_at_once: int = 256 * 1024
    import_rows_at_once: int = 500
    # Rows that are booked between two reports of progress.
    import_batch_rows: int = 2_000
    # Imports of one user that are not booked yet; the oldest gives way to another.
    imports_open: int = 20
    # Watched instruments and alerts of an export that is brought back, together.
    takeout_rows: int = 30_000

    # Exchange rates. Banks publish none at weekends and on holidays, five days at most so far.
    exchange_rate_carry_days: int = 7
    # A desk that nobody feeds shows its newest rates, named as outdated, for this long.
    exchange_rate_outdated_days: int = 92
    exchange_rate_file_bytes: int = 16 * 1024 * 1024
    exchange_rate_download_seconds: int = 20
    # Of one question for a span of days.
    exchange_rate_span_days: int = 40_000

    # An alert that has fired is armed again once the price is this far back over its level.
    alert_rearm_distance_bps: int = 10

    # Sockets of all kinds together. A window of the desk takes one for prices and one for each
    # portfolio that it shows; where it is about more than so many, it also asks now and then.
    sockets_per_process: int = 5_000
    sockets_per_user: int = 40
    portfolio_sockets_per_page: int = 8
    socket_message_bytes: int = 64 * 1024
    socket_messages_per_second: int = 20
    socket_message_burst: int = 100
    socket_malformed_messages: int = 5
    # A socket that once acknowledged and stopped, or takes nothing from us, is closed after this.
    socket_ack_timeout_seconds: int = 13
    socket_stall_timeout_seconds: int = 12
    quote_flush_ms: int = 200
    # What a portfolio's socket tells again after a break; beyond it everything is read anew.
    stream_replay_events: int = 500
    # The sockets of Alpaca's API are opened first and signed in to afterwards, within this. What
    # waits to be read there is not conflated; who leaves more unread is let go.
    stream_sign_in_seconds: float = 10
    stream_waiting_messages: int = 20_000

    # A quote older than this is stale: it is shown as such and fills nothing.
    quote_fresh_seconds: int = 15

    # The order book: levels a side where none are asked for, the most one may ask for, and how
    # many trades of the tape are kept at hand.
    book_levels: int = 10
    book_levels_maximum: int = 50
    tape_trades: int = 50

    # Activities recorded at once.
    activities_per_batch: int = 1000

    # Orders.
    orders_per_batch: int = 500
    commands_per_match: int = 500
    order_quantity_maximum: int = 1_000_000_000
    order_price_maximum: int = 100_000_000
    # How far beyond the quote a market order may fill, and so what is reserved for it.
    order_collar_bps: int = 500
    # A limit further than this factor beyond the other side of the market is taken for a slip.
    order_price_band_factor: int = 2
    client_order_id_characters: int = 128
    # How long before it an auction stops taking orders.
    opening_cutoff_seconds: int = 120
    closing_cutoff_seconds: int = 600

    # Of one address, for requests without a live key.
    anonymous_requests_per_minute: int = 300

    # Tokens of programs that sign in with a password.
    access_token_seconds: int = 300
    refresh_token_days: int = 30
    # How long the token just exchanged is taken for a race, and not for a theft.
    refresh_grace_seconds: int = 10

    # Addresses and networks that one API key may be bound to.
    key_networks: int = 50

    # How long a mailed link sets a new password, or confirms an address.
    password_link_seconds: int = 3600
    address_link_days: int = 3
    # Mail of a desk without a mail server.
    mail_file_days: int = 7
    # A browser's session counts as seen now when it was noted within this.
    session_seen_seconds: int = 60

    # Lists of the API.
    page_size: int = 100
    page_size_maximum: int = 500
    candles_per_view: int = 500
    chart_indicators: int = 8
    chart_indicator_bars: int = 250
    chart_comparisons: int = 4
    candles_per_answer: int = 10_000

    # Lists as files.
    download_rows: int = 5_000_000
    # What is in memory at a time, and a row group of a Parquet file.
    download_batch_rows: int = 20_000

    # Exports: symbols, files and rows of one; how long its files and an address of them stay.
    export_symbols: int = 50
    export_parts: int = 1_000
    export_rows: int = 50_000_000
    export_days_kept: int = 7
    export_link_seconds: int = 15 * 60
    # After that long a worker leaves the rest to the next turn; a part takes less than the silence
    # after which another takes over.
    export_turn_seconds: int = 5 * 60
    export_silence_seconds: int = 16 * 60

    # Background work.
    task_timeout_seconds: int = 15 * 60


LIMITS: Final = Limits()
