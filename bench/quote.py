"""``GET /instruments/{symbol}/quote`` over sixteen connections, against a bare WSGI application.

Both are served by granian as in production, with as many processes and threads. The bare one
answers the same number of bytes and does nothing for them, so the ratio is what authentication,
the limit of requests, headers and the quote itself cost.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.database import fresh_database
from bench.desk import ROOT, Desk, await_answer, free_port
from bench.harness import Options, Report, alternate, peak_memory_mib
from bench.orders_load import CONNECTIONS

SECONDS = 5.0


def run(options: Options) -> Report:
    report = Report(case="quote", seed=options.seed, rounds=options.rounds)
    seconds = max(1.0, SECONDS * options.scale)
    with fresh_database():
        desk = Desk()
        path = f"/api/v1/instruments/{desk.symbols[0]}/quote"
        keys = [account.key for account in desk.accounts]
        with desk.prices_moving(), desk.web_serving():
            size = len(fetch(desk.port, path, keys[0]))
            with bare_serving(size) as bare_port:
                load(desk.port, path, keys, seconds=1.0)
                results = alternate(
                    options.rounds,
                    {
                        "ours": lambda: load(desk.port, path, keys, seconds=seconds),
                        "limit": lambda: load(bare_port, path, keys, seconds=seconds),
                    },
                )
    report.add(
        "GET /quote",
        unit="requests/s",
        ours=results["ours"],
        limit=results["limit"],
        at_least=0.10,
    )
    report.memory_mib = peak_memory_mib()
    report.notes.append(
        f"{CONNECTIONS} connections of as many users, {size} bytes an answer, {seconds:g} s a round"
    )
    return report


@contextmanager
def bare_serving(size: int) -> Iterator[int]:
    """Serve ``size`` bytes at every address, by granian; yields the port."""
    from config.env import Environment  # noqa: PLC0415 -- reads settings' limits
    from config.run import web  # noqa: PLC0415 -- reads settings' limits

    port = free_port()
    ours = web(Environment(os.environ | {"WEB_SERVER": "granian", "PORT": str(port)}))
    words = [word.replace("config.wsgi", "bench.bare_wsgi") for word in ours]
    child = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"BARE_BYTES": str(size)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_answer(port, "/")
        yield port
    finally:
        child.terminate()
        child.wait(timeout=20)


def fetch(port: int, path: str, key: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    body = connection.getresponse().read()
    connection.close()
    return body


def load(port: int, path: str, keys: list[str], *, seconds: float) -> float:
    """Answered requests a second; the connections are a process of their own."""
    words = [
        *(sys.executable, "-m", "bench.quote_load", "--port", str(port), "--path", path),
        *("--seconds", str(seconds)),
    ]
    finished = subprocess.run(
        words, cwd=ROOT, check=True, stdout=subprocess.PIPE, input=json.dumps(keys).encode()
    )
    answer: dict[str, Any] = json.loads(finished.stdout)
    if answer["refused"]:
        raise RuntimeError(f"{answer['refused']} requests refused: {answer['first_refusal']}")
    return float(answer["rate"])
