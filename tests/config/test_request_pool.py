import subprocess
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from config.request_pool import PoolFull, RequestPool, WsgiRequests, with_ascii_query


def test_it_runs_no_more_than_its_threads_at_once() -> None:
    pool = RequestPool(threads=2, waiting=10)
    gate = threading.Event()
    running = threading.Semaphore(0)

    def job() -> None:
        running.release()
        gate.wait(10)

    futures = [pool.submit(job) for _ in range(6)]
    assert running.acquire(timeout=5)
    assert running.acquire(timeout=5)
    assert not running.acquire(timeout=0.1)
    gate.set()
    for future in futures:
        future.result(timeout=5)


def test_it_refuses_what_would_wait_beyond_the_limit() -> None:
    pool = RequestPool(threads=1, waiting=2)
    gate = threading.Event()
    futures = [pool.submit(gate.wait, 10) for _ in range(3)]
    with pytest.raises(PoolFull):
        pool.submit(gate.wait, 10)
    gate.set()
    assert all(future.result(timeout=5) for future in futures)
    assert pool.submit(lambda: "again").result(timeout=5) == "again"


def test_it_tells_how_many_wait() -> None:
    told: list[int] = []
    pool = RequestPool(threads=1, waiting=2, tell=told.append)
    gate = threading.Event()
    futures = [pool.submit(gate.wait, 10) for _ in range(3)]
    assert told == [1, 2]
    gate.set()
    assert all(future.result(timeout=5) for future in futures)
    assert pool.submit(lambda: "again").result(timeout=5) == "again"
    assert told == [1, 2, 1, 0]


def test_errors_reach_the_caller() -> None:
    future = RequestPool(threads=1, waiting=0).submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        future.result(timeout=5)


def test_a_stuck_request_does_not_keep_the_process_alive() -> None:
    code = (
        "import threading\n"
        "from config.request_pool import RequestPool\n"
        "pool = RequestPool(threads=1, waiting=0)\n"
        "pool.submit(threading.Event().wait)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def scope(**values: Any) -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [],
    } | values


def ask(application: WsgiRequests, **values: Any) -> list[MutableMapping[str, Any]]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async_to_sync(application)(scope(**values), receive, send)
    return sent


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["QUERY_STRING"].encode()]


def test_it_answers_through_the_wsgi_application() -> None:
    sent = ask(WsgiRequests(echo, threads=1, waiting=1), query_string=b"a=1")
    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent) == b"a=1"


def test_a_full_pool_answers_503_at_once() -> None:
    application = WsgiRequests(echo, threads=1, waiting=0)
    gate = threading.Event()
    application.pool.submit(gate.wait, 10)
    sent = ask(application)
    gate.set()
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_raw_bytes_in_a_query_are_encoded() -> None:
    found = with_ascii_query(scope(query_string="q=é".encode()))
    assert found["query_string"] == b"q=%C3%A9"
