"""``POST /orders`` over sixteen connections, against pgbench running the same statements.

Granian serves the API as in production, over a durable PostgreSQL. The statements that pgbench runs
are recorded from one request through the whole API: the look at what the order is judged by, then
the order with its hold and the answer. Both place orders of random portfolios, on fifty symbols and
then on one; between rounds the matcher does what was queued.

Accepted to filled is what a watcher of the portfolio sees: from the answer to the POST until the
fill is read by who was told to look, with the matcher running, at 200 orders a second.
"""

# ruff: noqa: PLC0415 -- models can be imported only once the servers stand

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench.database import fresh_database
from bench.desk import ROOT, Desk
from bench.harness import DEFAULT_SEED, Options, Report, alternate, peak_memory_mib
from bench.orders_load import CONNECTIONS, Account

SECONDS: Final = 5.0
PACED_SECONDS: Final = 10.0
PER_SECOND: Final = 200
RECORDED_KEY: Final = "recorded-request"


def run(options: Options) -> Report:
    report = Report(case="orders", seed=options.seed, rounds=options.rounds)
    seconds = max(1.0, SECONDS * options.scale)
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder), seed=options.seed, seconds=seconds)
        with case.prices_moving(), case.web_serving():
            case.load("closed", case.symbols, seconds=1.0)  # everything warm
            case.drain()
            _measure_rates(report, case, options)
            with case.matcher_running():
                _measure_latencies(report, case, options)
    report.memory_mib = peak_memory_mib()
    report.notes.append(
        f"{CONNECTIONS} connections, {seconds:g} s a round; statements of pgbench recorded from one"
        f" request; {PER_SECOND} orders a second for the latencies"
    )
    return report


def _measure_rates(report: Report, case: Case, options: Options) -> None:
    spread, hot = case.symbols, case.symbols[:1]
    rates = {}
    for name, symbols in (("50 symbols", spread), ("one hot symbol", hot)):
        script = case.recorded_statements(symbols)

        def ours(symbols: list[str] = symbols) -> float:
            rate = float(case.load("closed", symbols, seconds=case.seconds)["rate"])
            case.drain()
            return rate

        def limit(script: dict[str, str] = script) -> float:
            rate = case.pgbench(script)
            case.drain()
            return rate

        results = alternate(options.rounds, {"ours": ours, "limit": limit})
        report.add(
            f"POST /orders, {name}",
            unit="orders/s",
            ours=results["ours"],
            limit=results["limit"],
            at_least=0.5,
        )
        rates[name] = results["ours"]
    report.add(
        "one hot symbol against the spread",
        unit="orders/s",
        ours=rates["one hot symbol"],
        limit=rates["50 symbols"],
        at_least=0.9,
    )


def _measure_latencies(report: Report, case: Case, options: Options) -> None:
    found: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        seconds = max(2.0, PACED_SECONDS * case.seconds / SECONDS)
        found.append(case.load("paced", case.symbols, seconds=seconds))
    for name, field, most in (("p50", "p50_ms", 10), ("p99", "p99_ms", 60)):
        report.add(
            f"accepted to filled, {name}",
            unit="ms",
            ours=[round_[field] for round_ in found],
            at_most=most,
        )
    report.add("fills nobody was told of", unit="fills", ours=[r["unheard"] for r in found])


class Case(Desk):
    """The desk of one run, with what it writes down."""

    def __init__(self, folder: Path, *, seed: int, seconds: float) -> None:
        super().__init__()
        self.folder = folder
        self.seed = seed
        self.seconds = seconds
        self.accounts_path = folder / "accounts.json"
        self.accounts_path.write_text(json.dumps([asdict(account) for account in self.accounts]))

    def load(self, mode: str, symbols: list[str], *, seconds: float) -> dict[str, Any]:
        """Let the programs place orders; refusals would make the figures worthless."""
        words = [
            *(sys.executable, "-m", "bench.orders_load", mode, "--port", str(self.port)),
            *("--accounts", str(self.accounts_path), "--symbols", ",".join(symbols)),
            *("--seconds", str(seconds), "--per-second", str(PER_SECOND)),
            *("--seed", str(self.seed)),
        ]
        finished = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        answer: dict[str, Any] = json.loads(finished.stdout)
        if answer["refused"]:
            raise RuntimeError(f"{answer['refused']} orders refused: {answer['first_refusal']}")
        return answer

    def drain(self) -> None:
        """Do what was queued, in this process, while nothing is measured."""
        from trading.matcher import Matcher

        matcher = Matcher(shard=0, shards=1)
        if not matcher.lead():
            raise RuntimeError("a matcher runs where none should")
        self.publish_quotes()
        while matcher.work():
            pass
        matcher.stop()
        matcher.run()

    def recorded_statements(self, symbols: list[str]) -> dict[str, str]:
        """One pgbench script per account, out of what one request says to PostgreSQL."""
        account = self.accounts[0]
        said = record_request(account, symbol=symbols[0])
        chosen = next(row for row in self.instruments if row.symbol == symbols[0])
        first = self.instruments[0].id
        picks = (
            f"\\set instrument random({first}, {first + len(symbols) - 1})\n"
            f"\\set symbol :instrument - {first - 1}\n"
        )
        scripts = {}
        for other in self.accounts:
            text = as_pgbench(said, symbol=symbols[0], instrument_id=chosen.id)
            for name in ("portfolio_id", "owner_id"):
                old, new = UUID(getattr(account, name)), UUID(getattr(other, name))
                text = text.replace(str(old), str(new)).replace(old.hex, new.hex)
            # The balance stands before the amount that is reserved.
            old_id, new_id = self.cash_balance_id(account), self.cash_balance_id(other)
            text = re.sub(rf", {old_id}, (\d+\.\d+,)", rf", {new_id}, \1", text)
            scripts[other.portfolio_id] = picks + text
        return scripts

    def cash_balance_id(self, account: Account) -> int:
        from portfolio.models import LedgerBalance

        return LedgerBalance.objects.get(portfolio_id=account.portfolio_id, currency="USD").id

    def pgbench(self, scripts: dict[str, str]) -> float:
        from config.servers.postgres import find_programs

        words: list[str] = []
        for name, text in scripts.items():
            path = self.folder / f"{name}.sql"
            path.write_text(text)
            words += ["-f", str(path)]
        finished = subprocess.run(
            [
                *(str(find_programs() / "pgbench"), "-n", "-T", str(max(1, round(self.seconds)))),
                *("-c", str(CONNECTIONS), "-j", "2", *words, "-d", os.environ["DATABASE_URL"]),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"tps = ([0-9.]+)", finished.stdout)
        if finished.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {finished.stderr}")
        return float(found.group(1))


def record_request(account: Account, *, symbol: str) -> list[str]:
    """Place one order through the whole API in this process; return the SQL it sent."""
    import psycopg
    from django.db import connection
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {account.key}"})
    body = {
        "portfolio_id": account.portfolio_id,
        "symbol": symbol,
        "side": "buy",
        "type": "market",
        "quantity": "1",
    }

    def place(key: str) -> None:
        answer = client.post(
            "/api/v1/orders",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )
        if answer.status_code != 201:
            raise RuntimeError(answer.content.decode())

    place(f"warm-{time.time_ns()}")  # the key is remembered from here on
    connection.ensure_connection()
    said: list[str] = []
    execute = psycopg.ClientCursor.execute

    def note(cursor: Any, query: Any, params: Any = None, **words: Any) -> Any:
        found = execute(cursor, query, params, **words)
        said.append(cursor._query.query.decode() if cursor._query else str(query))
        return found

    psycopg.ClientCursor.execute = note  # type: ignore[assignment, method-assign]
    try:
        place(f"{RECORDED_KEY}-{time.time_ns()}")
    finally:
        psycopg.ClientCursor.execute = execute  # type: ignore[method-assign]
    return said


def as_pgbench(said: list[str], *, symbol: str, instrument_id: int) -> str:
    """Make of the statements of one request those of any: ids, names and the symbol vary."""
    record = next(text for text in said if "trading_record_answered_order" in text)
    ids = re.findall(r"'([0-9a-f]{32})'::uuid", record)
    order_id, hold_id = ids[0], ids[-1]
    key = next(iter(re.findall(rf"{RECORDED_KEY}-\d+", " ".join(said))))
    lines = []
    for text in said:
        one = " ".join(text.split())
        one = one.replace(f"'{order_id}'::uuid", "gen_random_uuid()")
        one = one.replace(f"'{hold_id}'::uuid", "gen_random_uuid()")
        one = one.replace(f"'{key}'", "'b' || :n")
        one = one.replace(f"'{symbol}'", "'S' || :symbol")
        # The key's lock is the only number of that many digits.
        one = re.sub(r"(?<=, )-?\d{16,19}(?=,)", ":n", one)
        if "trading_record_answered_order" in one:
            one = re.sub(rf"(?<=, ){instrument_id}(?=,)", ":instrument", one, count=1)
        lines.append(one)
    return "\\set n random(1, 1000000000000000)\n" + ";\n".join(lines) + ";\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--scale", type=float, default=1.0)
    words = parser.parse_args()
    random.seed(words.seed)
    report = run(Options(rounds=words.rounds, seed=words.seed, scale=words.scale))
    print("\n".join(report.lines()))
    print(report.as_json())


if __name__ == "__main__":
    main()
