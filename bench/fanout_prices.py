"""The market of the fan-out case: seeded prices into Valkey on a fixed schedule.

A process of its own: ``python -m bench.fanout_prices --symbols 500 --ticks-per-second 5000 …``.
It publishes as a feed does, twenty batches a second, whether or not anybody keeps up, and says
``began`` after the first.
"""

from __future__ import annotations

import argparse
import random
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import redis

BATCHES_PER_SECOND: Final = 20


def quote_wire(number: int, last: float, at: str, chance: random.Random) -> dict[str, Any]:
    """A quote as a feed publishes it, depth included."""
    bid, ask = f"{last - 0.02:.2f}", f"{last + 0.02:.2f}"
    sizes = [str(chance.randint(1, 900)) for _ in range(10)]
    return {
        "symbol": f"S{number}",
        "bid": bid,
        "bid_size": sizes[0],
        "ask": ask,
        "ask_size": sizes[5],
        "last": f"{last:.2f}",
        "last_size": sizes[9],
        "previous_close": "100",
        "change": f"{last - 100:.2f}",
        "change_pct": f"{last - 100:.2f}",
        "occurred_at": at,
        "is_stale": False,
        "source": "simulated",
        "instrument_id": number,
        "bid_levels": [[f"{last - 0.02 * step:.2f}", sizes[step - 1]] for step in range(1, 6)],
        "ask_levels": [[f"{last + 0.02 * step:.2f}", sizes[step + 4]] for step in range(1, 6)],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--ticks-per-second", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    client = redis.Redis.from_url(arguments.redis_url)
    chance = random.Random(arguments.seed)
    prices = [100.0] * arguments.symbols
    per_batch = max(1, arguments.ticks_per_second // BATCHES_PER_SECOND)
    began = time.monotonic()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    for batch in range(int(arguments.seconds * BATCHES_PER_SECOND)):
        if stopped.wait(max(0.0, began + batch / BATCHES_PER_SECOND - time.monotonic())):
            break
        publish(client, arguments.prefix, chance, prices, per_batch)
        if batch == 0:
            print("began", flush=True)


def publish(
    client: redis.Redis, prefix: str, chance: random.Random, prices: list[float], ticks: int
) -> None:
    """Make that many ticks and send one message of the quotes they lead to."""
    now = datetime.now(UTC)
    at = (now if now.microsecond else now + timedelta(microseconds=1)).isoformat()
    touched = {}
    for _ in range(ticks):
        number = chance.randrange(len(prices))
        prices[number] = max(1.0, prices[number] + chance.choice((-0.01, 0.01)))
        touched[number] = prices[number]
    quotes = [quote_wire(number + 1, last, at, chance) for number, last in touched.items()]
    body: dict[Any, Any] = {str(q["instrument_id"]): orjson.dumps(q) for q in quotes}
    pipeline = client.pipeline(transaction=False)
    pipeline.hset(f"{prefix}quotes", mapping=body)
    pipeline.publish(f"{prefix}prices:0", orjson.dumps({"at": at, "quotes": quotes, "ticks": []}))
    pipeline.execute()


if __name__ == "__main__":
    main()
