"""A thousand healthy sockets beside two hundred that stopped reading, and without those.

The slow ones subscribe like everybody and then take nothing. What they cost is what the healthy
ones lose; the socket process must give the slow ones up within 15 seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from bench.database import fresh_database
from bench.fanout import (
    SYMBOLS,
    WATCHED,
    Size,
    allow_open_files,
    crowd_words,
    expect,
    make_market,
    price_words,
    process,
    read_line,
    resident_bytes,
    say_go,
)
from bench.harness import Options, Report

SLOW_SHARE: Final = 5  # one slow socket for so many healthy ones


@dataclass(frozen=True, slots=True)
class Outcome:
    frames_per_second: float
    p99_seconds: float
    memory_mib: float
    slow: int = 0
    slow_closed: int = 0
    slow_seconds: float = 0.0


def run(options: Options) -> Report:
    size = Size(
        sockets=max(50, round(1_000 * options.scale)),
        ticks_per_second=max(100, round(2_000 * options.scale)),
        seconds=max(18.0, 30.0 * options.scale),
    )
    allow_open_files()
    report = Report(case="slow_readers", seed=options.seed, rounds=options.rounds)
    outcomes: dict[bool, list[Outcome]] = {True: [], False: []}
    with fresh_database():
        key = make_market()
        for number in range(options.rounds):
            for has_slow in (True, False) if number % 2 == 0 else (False, True):
                outcome = run_round(size, key=key, seed=options.seed + number, has_slow=has_slow)
                print(f"  round {number + 1}, slow: {has_slow}: {outcome}", file=sys.stderr)
                outcomes[has_slow].append(outcome)
    fill(report, among=outcomes[True], alone=outcomes[False])
    report.notes.append(
        f"{size.sockets} healthy sockets and {size.sockets // SLOW_SHARE} that stop reading,"
        f" {size.ticks_per_second} ticks/s for {size.seconds:g} s"
    )
    return report


def fill(report: Report, *, among: list[Outcome], alone: list[Outcome]) -> None:
    report.add(
        "frames a second to healthy sockets",
        unit="frames",
        ours=[one.frames_per_second for one in among],
        limit=[one.frames_per_second for one in alone],
        at_least=0.98,
    )
    report.add(
        "tick to healthy client, p99, times that without slow ones",
        unit="times",
        ours=[a.p99_seconds / b.p99_seconds for a, b in zip(among, alone, strict=True)],
        at_most=1.2,
    )
    report.add(
        "memory that slow sockets take",
        unit="MiB",
        ours=[a.memory_mib - b.memory_mib for a, b in zip(among, alone, strict=True)],
        at_most=20,
    )
    report.add(
        "slow sockets still open",
        unit="sockets",
        ours=[float(one.slow - one.slow_closed) for one in among],
        at_most=0,
    )
    report.add(
        "until the last slow socket was closed",
        unit="s",
        ours=[one.slow_seconds for one in among],
        at_most=15,
    )


def run_round(size: Size, *, key: str, seed: int, has_slow: bool) -> Outcome:
    with ExitStack() as stack:
        server = stack.enter_context(process("bench.fanout_server", "ours"))
        port = int(read_line(server))
        crowd = stack.enter_context(
            process("bench.fanout_clients", *crowd_words(size, port=port, key=key, seed=seed))
        )
        expect(crowd, "first")
        say_go(crowd)
        expect(crowd, "ready")
        slow_count = size.sockets // SLOW_SHARE
        slow: subprocess.Popen[str] | None = None
        if has_slow:
            slow = stack.enter_context(
                process(
                    "bench.slow_clients", *slow_words(slow_count, port=port, key=key, seed=seed)
                )
            )
            expect(slow, "ready")
        prices = stack.enter_context(process("bench.fanout_prices", *price_words(size, seed=seed)))
        expect(prices, "began")
        say_go(crowd)
        if slow is not None:
            say_go(slow)
        expect(crowd, "counting")
        expect(crowd, "counted")
        memory = resident_bytes(server.pid) / 1024**2
        closed = {} if slow is None else json.loads(read_line(slow))
        prices.terminate()
        prices.wait()
        result = json.loads(read_line(crowd))
    return Outcome(
        frames_per_second=result["frames"] / size.seconds,
        p99_seconds=result["p99_seconds"],
        memory_mib=memory,
        slow=slow_count if has_slow else 0,
        slow_closed=closed.get("closed", 0),
        slow_seconds=closed.get("longest_seconds", 0.0),
    )


def slow_words(sockets: int, port: int, key: str, seed: int) -> list[str]:
    return [
        *("--port", str(port), "--key", key, "--sockets", str(sockets)),
        *("--symbols", str(SYMBOLS), "--watched", str(WATCHED), "--seed", str(seed)),
    ]
