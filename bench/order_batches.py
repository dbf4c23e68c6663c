"""``POST /orders/batch`` of 500, against pgbench placing one order a transaction.

The statements that pgbench runs are those of a single order through the whole API, as in the case
``orders``. A batch is one request, and every order of it is durable when it is answered. Both place
orders of random portfolios, on fifty symbols and then on one; between rounds the matcher does what
was queued.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Final

from bench.database import fresh_database
from bench.harness import Options, Report, alternate, peak_memory_mib
from bench.orders import Case
from bench.orders_load import Account

BATCH: Final = 500
PROGRAMS: Final = 4
SECONDS: Final = 5.0
TIMES_AT_LEAST: Final = {"50 symbols": 5.0, "one hot symbol": 3.0}


def run(options: Options) -> Report:
    report = Report(case="order_batches", seed=options.seed, rounds=options.rounds)
    seconds = max(1.0, SECONDS * options.scale)
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder), seed=options.seed, seconds=seconds)
        with case.prices_moving(), case.web_serving():
            for name, symbols in (
                ("50 symbols", case.symbols),
                ("one hot symbol", case.symbols[:1]),
            ):
                _measure(report, case, options, name=name, symbols=symbols)
    report.memory_mib = peak_memory_mib()
    report.notes.append(
        f"{PROGRAMS} programs, {BATCH} market orders a batch, {seconds:g} s a round"
    )
    return report


def _measure(
    report: Report, case: Case, options: Options, *, name: str, symbols: list[str]
) -> None:
    place_batches(case, symbols, seconds=1.0)  # everything warm
    case.drain()
    script = case.recorded_statements(symbols)

    def ours() -> float:
        rate = place_batches(case, symbols, seconds=case.seconds)
        case.drain()
        return rate

    def limit() -> float:
        rate = case.pgbench(script)
        case.drain()
        return rate

    results = alternate(options.rounds, {"ours": ours, "limit": limit})
    report.add(
        f"POST /orders/batch, {name}",
        unit="orders/s",
        ours=results["ours"],
        limit=results["limit"],
        at_least=TIMES_AT_LEAST[name],
    )


def place_batches(case: Case, symbols: list[str], *, seconds: float) -> float:
    """Orders placed a second by programs that each send one batch after the other.

    Raises:
        RuntimeError: an order was refused, so the figure would be worthless.
    """
    deadline = time.monotonic() + seconds
    placed = [0] * PROGRAMS
    refused: list[str] = []

    def work(number: int) -> None:
        sent = 0
        while time.monotonic() < deadline:
            account = case.accounts[(number + sent * PROGRAMS) % len(case.accounts)]
            outcomes = send_batch(case, account, symbols)
            placed[number] += outcomes.count("placed")
            refused.extend(outcome for outcome in outcomes if outcome != "placed")
            sent += 1

    started = time.monotonic()
    programs = [threading.Thread(target=work, args=(number,)) for number in range(PROGRAMS)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    if refused:
        raise RuntimeError(f"{len(refused)} orders were {refused[0]}")
    return sum(placed) / (time.monotonic() - started)


def send_batch(case: Case, account: Account, symbols: list[str]) -> list[str]:
    """What became of each order of one batch."""
    orders = [
        {
            "portfolio_id": account.portfolio_id,
            "symbol": symbols[place % len(symbols)],
            "side": "buy",
            "type": "market",
            "quantity": "1",
        }
        for place in range(BATCH)
    ]
    request = urllib.request.Request(
        f"http://127.0.0.1:{case.port}/api/v1/orders/batch",
        data=json.dumps({"orders": orders}).encode(),
        headers={
            "Authorization": f"Bearer {account.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"batch-{time.time_ns()}-{threading.get_ident()}",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- our own server
        return [one["outcome"] for one in json.loads(answer.read())["items"]]
