"""One socket process, thousands of sockets, a busy market: ours against bare ``websockets``.

3,000 sockets watch 20 of 500 symbols each while 5,000 ticks a second arrive for 30 s. Ours is the
desk's ASGI application under uvicorn as in production; the limit is the same hub on the
``websockets`` library alone. Prices, crowd and server are processes of their own; the market keeps
its schedule whether or not anybody keeps up.

``python -m bench.fanout --sockets 1000 --seconds 10 --rounds 5`` runs a smaller one.
"""

from __future__ import annotations

# ruff: noqa: PLC0415 -- models can be imported only once the servers stand
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from bench.database import fresh_database
from bench.harness import DEFAULT_SEED, Options, Report

ROOT: Final = Path(__file__).resolve().parent.parent
SYMBOLS: Final = 500
WATCHED: Final = 20
FLUSH_SECONDS: Final = 0.2
FILES: Final = 30_000


@dataclass(frozen=True, slots=True)
class Size:
    sockets: int
    ticks_per_second: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round of one contestant came to."""

    frames: int
    frames_per_cpu_second: float
    cpu_share: float  # of one core
    p99_seconds: float
    p50_seconds: float
    socket_kib: float  # resident memory a socket added
    memory_mib: float
    stale_values: int  # symbols whose last value did not arrive, over the sampled sockets


def run(options: Options) -> Report:
    size = Size(
        sockets=max(50, round(3_000 * options.scale)),
        ticks_per_second=max(100, round(5_000 * options.scale)),
        seconds=max(3.0, 30.0 * options.scale),
    )
    return measure(size, rounds=options.rounds, seed=options.seed)


def measure(size: Size, *, rounds: int, seed: int) -> Report:
    allow_open_files()
    report = Report(case="fanout", seed=seed, rounds=rounds)
    outcomes: dict[str, list[Outcome]] = {"ours": [], "bare": []}
    with fresh_database():
        key = make_market()
        for number in range(rounds):
            for kind in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
                outcome = run_round(kind, size, key=key, seed=seed + number)
                print(f"  round {number + 1}, {kind}: {outcome}", file=sys.stderr, flush=True)
                outcomes[kind].append(outcome)
    fill(report, outcomes, size)
    return report


def fill(report: Report, outcomes: dict[str, list[Outcome]], size: Size) -> None:
    ours, bare = outcomes["ours"], outcomes["bare"]
    report.add(
        "frames per CPU second",
        unit="frames",
        ours=[outcome.frames_per_cpu_second for outcome in ours],
        limit=[outcome.frames_per_cpu_second for outcome in bare],
        at_least=0.85,
    )
    report.add(
        "frames a second",
        unit="frames",
        ours=[outcome.frames / size.seconds for outcome in ours],
        limit=[outcome.frames / size.seconds for outcome in bare],
    )
    report.add(
        "tick to client, p99, in flush intervals",
        unit="intervals",
        ours=[outcome.p99_seconds / FLUSH_SECONDS for outcome in ours],
        at_most=1.5,
    )
    report.add(
        "memory a connection",
        unit="KiB",
        ours=[outcome.socket_kib for outcome in ours],
        at_most=30,
    )
    report.add(
        "last values that did not arrive",
        unit="values",
        ours=[outcome.stale_values for outcome in ours],
        at_most=0,
    )
    for name, unit, attribute in (
        ("CPU of the socket process", "cores", "cpu_share"),
        ("tick to client, p50", "s", "p50_seconds"),
    ):
        report.add(
            name,
            unit=unit,
            ours=[getattr(outcome, attribute) for outcome in ours],
            limit=[getattr(outcome, attribute) for outcome in bare],
        )
    report.memory_mib = statistics.median(outcome.memory_mib for outcome in ours)
    report.notes.append(
        f"{size.sockets} sockets, {WATCHED} of {SYMBOLS} symbols each,"
        f" {size.ticks_per_second} ticks/s for {size.seconds:g} s; memory is the socket process's"
    )


def allow_open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def make_market() -> str:
    """Make the instruments and a key whose owner may watch them; return the key's text."""
    from datetime import UTC, datetime

    from accounts.api_keys import issue_key
    from accounts.models import User
    from accounts.tiers import Tier
    from market.models import Exchange, Instrument

    exchange, _ = Exchange.objects.get_or_create(
        mic="XNAS",
        defaults={"name": "Nasdaq", "timezone": "America/New_York", "calendar": "XNYS"},
    )
    Instrument.objects.bulk_create(
        Instrument(id=n, symbol=f"S{n}", name=f"S{n}", exchange=exchange, currency="USD")
        for n in range(1, SYMBOLS + 1)
    )
    owner = User.objects.create_user("bench@example.com", tier=Tier.PREMIUM)
    return issue_key(owner=owner, name="b", scopes=["read"], created_at=datetime.now(UTC))[1]


def run_round(kind: str, size: Size, *, key: str, seed: int) -> Outcome:
    with ExitStack() as stack:
        server = stack.enter_context(process("bench.fanout_server", kind))
        port = int(read_line(server))
        crowd = stack.enter_context(
            process("bench.fanout_clients", *crowd_words(size, port=port, key=key, seed=seed))
        )
        # The first socket has the process load what it needs; the others only add themselves.
        expect(crowd, "first")
        alone_bytes = resident_bytes(server.pid)
        say_go(crowd)
        expect(crowd, "ready")
        prices = stack.enter_context(process("bench.fanout_prices", *price_words(size, seed=seed)))
        expect(prices, "began")
        say_go(crowd)
        expect(crowd, "counting")
        cpu_before = cpu_seconds(server.pid)
        expect(crowd, "counted")
        cpu = cpu_seconds(server.pid) - cpu_before
        memory = resident_bytes(server.pid)
        # Asked, not killed: half a batch would leave the hash ahead of what was published.
        prices.terminate()
        prices.wait()
        result = json.loads(read_line(crowd))
    return Outcome(
        frames=result["frames"],
        frames_per_cpu_second=result["frames"] / cpu,
        cpu_share=cpu / size.seconds,
        p99_seconds=result["p99_seconds"],
        p50_seconds=result["p50_seconds"],
        socket_kib=(memory - alone_bytes) / 1024 / size.sockets,
        memory_mib=memory / 1024**2,
        stale_values=count_stale(result["latest"]),
    )


def crowd_words(size: Size, *, port: int, key: str, seed: int) -> list[str]:
    return [
        *("--port", str(port), "--key", key, "--sockets", str(size.sockets)),
        *("--symbols", str(SYMBOLS), "--watched", str(WATCHED)),
        *("--seconds", str(size.seconds), "--seed", str(seed)),
    ]


def price_words(size: Size, *, seed: int) -> list[str]:
    return [
        *("--redis-url", os.environ["REDIS_URL"], "--symbols", str(SYMBOLS), "--prefix", ""),
        *("--ticks-per-second", str(size.ticks_per_second), "--seed", str(seed)),
        *("--seconds", str(size.seconds + 60)),
    ]


def count_stale(latest: list[dict[str, str]]) -> int:
    """How many symbols a client saw last at another price than the market's last."""
    from market.live.live_quotes import valkey

    texts: Any = valkey().hgetall("quotes")
    quotes = [json.loads(text) for text in texts.values()]
    last = {quote["symbol"]: quote["last"] for quote in quotes}
    return sum(1 for seen in latest for symbol, price in seen.items() if last.get(symbol) != price)


@contextmanager
def process(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield started
    finally:
        stop(started)


def stop(started: subprocess.Popen[str]) -> None:
    started.kill()
    started.wait()
    for pipe in (started.stdin, started.stdout):
        if pipe is not None:
            pipe.close()


def read_line(started: subprocess.Popen[str]) -> str:
    line = output_of(started).readline()
    if not line:
        raise RuntimeError(f"{started.args!r} ended with {started.wait()}")
    return line.strip()


def output_of(started: subprocess.Popen[str]) -> IO[str]:
    assert started.stdout is not None
    return started.stdout


def expect(started: subprocess.Popen[str], word: str) -> None:
    found = read_line(started)
    if found != word:
        raise RuntimeError(f"{started.args!r} said {found!r}, expected {word!r}")


def say_go(started: subprocess.Popen[str]) -> None:
    assert started.stdin is not None
    started.stdin.write("go\n")
    started.stdin.flush()


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far, its kernel time included. Linux only, see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.fanout", description=__doc__)
    parser.add_argument("--sockets", type=int, default=3_000)
    parser.add_argument("--ticks-per-second", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead")
    words = parser.parse_args()
    size = Size(words.sockets, words.ticks_per_second, words.seconds)
    report = measure(size, rounds=words.rounds, seed=words.seed)
    print(report.as_json() if words.json else "\n".join(report.lines()))


if __name__ == "__main__":
    main()
