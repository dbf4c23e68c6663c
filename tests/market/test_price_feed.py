"""The feed against a real PostgreSQL and a real Valkey, also while they come and go."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection

from config.servers.data_folder import DataFolder
from config.servers.valkey import Valkey
from integrations.simulated.live import SimulatedLive
from market.intake.price_store import PriceBuffer
from market.intake.providers import PriceBatch
from market.live.broadcasts import PricePublisher
from market.live.feed_listing import listed_instruments
from market.live.live_quotes import latest_quote, valkey
from market.live.price_feed import PriceFeed
from market.live.shard_leader import Leadership, Shard, ShardLeader
from market.models import Bar, Instrument, QuoteSnapshot, Tick
from tests.factories import make_daily_bars, make_instrument
from tests.market.factories import make_quote, make_tick
from tests.support.desk import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
WHOLE = Shard(0, 1)


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def stocks() -> list[Instrument]:
    first_at = utc_now().replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=40)
    stocks = [make_instrument(symbol) for symbol in ("AAPL", "MSFT", "XOM")]
    for stock in stocks:
        closes = [str(Decimal(100) + Decimal(day % 5) / 4) for day in range(30)]
        make_daily_bars(stock, closes, first_at=first_at)
    return stocks


@contextmanager
def running_feed(shard: Shard = WHOLE, *, per_second: float = 20) -> Iterator[threading.Thread]:
    """A feed in a thread, stopped at the end."""
    stop = threading.Event()
    feed = PriceFeed(
        shard=shard,
        make_provider=lambda: SimulatedLive(seed=1, trades_per_second=per_second),
        clock=utc_now,
    )
    failures: list[BaseException] = []

    def run() -> None:
        try:
            feed.run(stop)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
    assert not failures


def eventually(condition: Callable[[], bool], what: str, *, seconds: float = 15) -> None:
    wait_until(condition, seconds=seconds, what=what)


def listen() -> Any:
    client: Any = valkey()  # its pub/sub has no types
    messages = client.pubsub(ignore_subscribe_messages=True)
    messages.psubscribe("prices:*")
    messages.get_message(timeout=1)
    return messages


def next_message(messages: Any) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def arrives() -> bool:
        message = messages.get_message(timeout=0.2)
        if message is not None:
            found.append(orjson.loads(message["data"]))
        return bool(found)

    eventually(arrives, "a batch is published")
    return found[0]


def test_prices_reach_valkey_and_the_database(stocks: list[Instrument]) -> None:
    messages = listen()
    with running_feed():
        message = next_message(messages)
        eventually(lambda: QuoteSnapshot.objects.count() == 3, "snapshots are stored")
        eventually(lambda: Tick.objects.count() > 20, "ticks are stored")
        assert valkey().ttl("feed:0:heartbeat") > 0
    messages.close()
    assert {quote["symbol"] for quote in message["quotes"]} <= {"AAPL", "MSFT", "XOM"}
    quote = latest_quote(stocks[0].id)
    assert quote is not None
    assert quote.previous_close == Decimal(101)  # the 30th close
    assert abs(quote.last - 101) < 5
    assert len(quote.bid_levels) == 5
    stored = Bar.objects.filter(interval="1m").values_list("count", flat=True)
    assert sum(count or 0 for count in stored) == Tick.objects.count()


def test_a_restart_goes_on_from_the_newest_price_without_doubling(
    stocks: list[Instrument],
) -> None:
    with running_feed():
        eventually(lambda: Tick.objects.count() > 30, "ticks are stored")
    stored = set(Tick.objects.values_list("instrument_id", "occurred_at", "provider_tick_id"))
    last = QuoteSnapshot.objects.get(instrument=stocks[0]).last
    with running_feed():
        eventually(lambda: Tick.objects.count() > len(stored) + 30, "more ticks are stored")
    newer = Tick.objects.filter(
        instrument=stocks[0], occurred_at__gt=max(at for _, at, _ in stored)
    )
    first = newer.order_by("occurred_at").first()
    assert first is not None
    assert abs(first.price - last) < Decimal("0.5")
    ids = list(Tick.objects.values_list("instrument_id", "occurred_at", "provider_tick_id"))
    assert len(ids) == len(set(ids))
    assert stored <= set(ids)


def test_everything_made_before_the_end_is_stored(stocks: list[Instrument]) -> None:
    messages = listen()
    with running_feed():
        eventually(lambda: Tick.objects.count() > 10, "ticks are stored")
    published = 0
    while (message := messages.get_message(timeout=0.2)) is not None:
        published += len(orjson.loads(message["data"])["ticks"])
    messages.close()
    assert Tick.objects.count() == published


def test_a_new_instrument_is_picked_up(stocks: list[Instrument]) -> None:
    with running_feed():
        eventually(lambda: QuoteSnapshot.objects.count() == 3, "the feed runs")
        added, priceless = make_instrument("JPM"), make_instrument("NONE")
        make_daily_bars(added, ["50", "51"], first_at=utc_now() - timedelta(days=5))
        eventually(lambda: QuoteSnapshot.objects.filter(instrument=added).exists(), "JPM trades")
        assert not QuoteSnapshot.objects.filter(instrument=priceless).exists()


def test_an_instrument_put_to_rest_trades_no_more(stocks: list[Instrument]) -> None:
    Instrument.objects.filter(symbol="XOM").update(is_active=False)
    with running_feed():
        eventually(lambda: QuoteSnapshot.objects.count() == 2, "the others trade")
    assert not QuoteSnapshot.objects.filter(instrument__symbol="XOM").exists()


def test_the_shards_share_the_instruments(stocks: list[Instrument]) -> None:
    parts = [listed_instruments(Shard(index, 2), at=utc_now()) for index in (0, 1)]
    ids = [[listed.instrument_id for listed in part] for part in parts]
    assert sorted([*ids[0], *ids[1]]) == sorted(stock.id for stock in stocks)
    assert all(number % 2 == index for index in (0, 1) for number in ids[index])


def test_the_previous_close_is_of_the_day_before_today(stocks: list[Instrument]) -> None:
    midnight = Bar.objects.filter(instrument=stocks[0]).order_by("-opened_at")[0].opened_at
    on_the_last_day = listed_instruments(WHOLE, at=midnight + timedelta(hours=12))
    after_it = listed_instruments(WHOLE, at=midnight + timedelta(hours=36))
    assert on_the_last_day[0].previous_close == Decimal("100.75")
    assert after_it[0].previous_close == Decimal(101)


def test_only_one_process_leads_and_another_takes_over() -> None:
    first, second = (ShardLeader(role="feed", shard=WHOLE) for _ in range(2))
    other_shard = ShardLeader(role="feed", shard=Shard(0, 2))
    other_role = ShardLeader(role="matcher", shard=WHOLE)
    assert first.claim() is Leadership.LEADS
    assert first.claim() is Leadership.LEADS
    assert second.claim() is Leadership.WAITS
    assert other_shard.claim() is Leadership.LEADS
    assert other_role.claim() is Leadership.LEADS
    first.release()
    assert second.claim() is Leadership.LEADS
    for leader in (second, other_shard, other_role):
        leader.release()


def test_the_second_process_waits(stocks: list[Instrument]) -> None:
    elsewhere = ShardLeader(role="feed", shard=WHOLE)
    assert elsewhere.claim() is Leadership.LEADS
    with running_feed():
        assert not Tick.objects.exists()
        elsewhere.release()
        eventually(Tick.objects.exists, "the second takes over")


def test_lost_database_connections_are_replaced(stocks: list[Instrument]) -> None:
    with running_feed():
        eventually(lambda: Tick.objects.count() > 10, "ticks are stored")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND usename = current_user"
            )
        count = Tick.objects.count()
        eventually(lambda: Tick.objects.count() > count + 50, "ticks are stored again")
    assert QuoteSnapshot.objects.count() == 3


def make_own_valkey() -> tuple[DataFolder, Valkey]:
    base = Path(tempfile.mkdtemp(prefix="holdfast-feed-"))
    folder = DataFolder(base)
    folder.create()
    folder.sockets_path.mkdir(exist_ok=True)
    return folder, Valkey(folder)


def test_valkey_killed_and_restarted_gets_all_quotes_anew(
    stocks: list[Instrument], settings: LazySettings
) -> None:
    folder, server = make_own_valkey()
    settings.REDIS_URL = folder.connection().redis_url
    child = server.prepare()
    child.start()
    try:
        eventually(server.is_ready, "Valkey runs")
        with running_feed():
            eventually(lambda: valkey().hlen("quotes") == 3, "quotes are published")
            lost = valkey().hgetall("quotes")
            child.kill_rest()
            count = Tick.objects.count()
            eventually(lambda: Tick.objects.count() > count + 30, "ticks are stored without it")
            child = server.prepare()
            child.start()
            eventually(server.is_ready, "Valkey runs again")
            eventually(lambda: valkey().hlen("quotes") == 3, "quotes are published again")
            eventually(lambda: valkey().exists("feed:0:heartbeat") == 1, "the heart beats again")
            anew = valkey().hgetall("quotes")
            assert anew.keys() == lost.keys()
            # Nothing of before came back: thirty prices came to three instruments meanwhile.
            assert not anew.items() & lost.items()
    finally:
        child.kill_rest()
        shutil.rmtree(folder.path, ignore_errors=True)


def test_the_publisher_without_valkey_says_so_once(
    stocks: list[Instrument], settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    publisher = PricePublisher(shard=WHOLE)
    batch = PriceBatch((make_quote(stocks[0]),), (make_tick(stocks[0]),))
    publisher.publish(batch, at=utc_now())
    publisher.publish(batch, at=utc_now())
    publisher.close()
    assert [line for line in caplog.messages if "Valkey is away" in line] == [caplog.messages[0]]


def test_the_buffer_keeps_the_newest_ticks_and_counts_what_it_drops(
    stocks: list[Instrument],
) -> None:
    buffer = PriceBuffer(capacity=10)
    ticks = tuple(make_tick(stocks[0], after_seconds=number) for number in range(15))
    buffer.put(PriceBatch((), ticks[:8]))
    taken = buffer.take(ticks=4)
    assert taken.ticks == ticks[:4]
    buffer.put(PriceBatch((), ticks[8:]))
    buffer.put_back(taken)
    assert buffer.take_dropped() == 5
    assert buffer.take().ticks == ticks[5:]
    assert buffer.take_dropped() == 0


def test_a_quote_put_back_does_not_replace_a_newer_one(stocks: list[Instrument]) -> None:
    buffer = PriceBuffer()
    older, newer = make_quote(stocks[0], "10"), make_quote(stocks[0], "11")
    buffer.put(PriceBatch((older,), ()))
    taken = buffer.take()
    buffer.put(PriceBatch((newer,), ()))
    buffer.put_back(taken)
    assert buffer.take().quotes == (newer,)


@pytest.mark.parametrize("text", ["", "1", "1/1", "0/0", "-1/2", "a/b", "2/1", "0/1/2"])
def test_a_shard_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="must be like 0/1"):
        call_command("feed", shard=text)


def test_outside_real_hours_nothing_trades(
    stocks: list[Instrument], settings: LazySettings
) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    at = datetime(2026, 1, 5, 14, 29, 50, tzinfo=UTC)  # ten seconds before New York opens
    provider = SimulatedLive(seed=1, trades_per_second=20, clock=lambda: at)
    provider.watch(listed_instruments(WHOLE, at=at))
    assert provider.batch(at=at + timedelta(seconds=5)) == PriceBatch((), ())
    batch = provider.batch(at=at + timedelta(seconds=12))
    assert batch.quotes
    assert all(tick.occurred_at > at + timedelta(seconds=5) for tick in batch.ticks)


def test_quotes_are_renewed_without_trades(stocks: list[Instrument]) -> None:
    at = utc_now()
    provider = SimulatedLive(seed=1, trades_per_second=0.001, clock=lambda: at)
    provider.watch(listed_instruments(WHOLE, at=at))
    assert len(provider.batch(at=at).quotes) == 3
    assert provider.batch(at=at + timedelta(seconds=1)).quotes == ()
    assert len(provider.batch(at=at + timedelta(seconds=4)).quotes) == 3


def test_the_key_prefix_stands_before_every_name(
    stocks: list[Instrument], settings: LazySettings
) -> None:
    settings.VALKEY_PREFIX = "blue:"
    publisher = PricePublisher(shard=WHOLE)
    publisher.publish(PriceBatch((make_quote(stocks[0]),), ()), at=utc_now())
    publisher.close()
    client: redis.Redis = valkey()
    assert sorted(client.keys("*")) == [b"blue:feed:0:heartbeat", b"blue:quotes"]
