"""Become one process of the desk: ``python -m config.run worker``.

``manage.py up`` starts each of them with these words, and so does each service of
docker-compose.yml, so that both run the same thing. What differs stands in the environment:
HOST and PORT to listen on, SHARD of matcher and feed, WEB_WORKERS of granian, and WEB_SERVER:

* ``daphne``: pages, API and sockets in one process (the default);
* ``granian``: pages and API;
* ``uvicorn``: sockets.
"""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.env import BadEnvironment, Environment
from config.limits import LIMITS

ROOT: Final = Path(__file__).resolve().parent.parent
WORKER_QUEUES: Final = "default,money,ingestion,valuations"
# Brokers answer as slowly as they like, so what waits for them holds up nothing else.
BROKER_QUEUE: Final = "brokers"
HTTP_TIMEOUT_SECONDS: Final = 120
# A machine of many cores is rarely the web's alone, and each process takes its memory.
WEB_WORKERS_BY_DEFAULT_MAXIMUM: Final = 4
# A long answer of one thread must not be the end of all others.
THREADS_MINIMUM: Final = 4
# A reader that is gone without a word is noticed within two of these.
SOCKET_PING_SECONDS: Final = 5
SOCKET_PONG_SECONDS: Final = 10


def web(env: Environment) -> list[str]:
    return WEB_SERVERS[env.choice("WEB_SERVER", default="daphne", choices=tuple(WEB_SERVERS))](env)


def daphne(env: Environment) -> list[str]:
    host, port = listening(env)
    return [
        *("-m", "daphne", "--verbosity", "0", "--no-server-name", "--bind", host, "--port", port),
        *("--http-timeout", str(HTTP_TIMEOUT_SECONDS)),
        *("--ping-interval", str(SOCKET_PING_SECONDS)),
        *("--ping-timeout", str(SOCKET_PONG_SECONDS)),
        *("--websocket-max-message-size", str(LIMITS.socket_message_bytes)),
        "config.asgi:application",
    ]


def granian(env: Environment) -> list[str]:
    """Pages and API, by WEB_WORKERS processes; threads and waiting requests are shared out to them.

    One Python process uses one core. Its threads are there for what waits; more of them than that
    only hand its lock to each other, which costs more than the answer.
    """
    host, port = listening(env)
    default = min(os.cpu_count() or 1, WEB_WORKERS_BY_DEFAULT_MAXIMUM)
    workers = env.integer("WEB_WORKERS", default=default, minimum=1, maximum=64)
    threads = math.ceil(LIMITS.request_threads / workers)
    return [
        *("-m", "granian", "--interface", "wsgi", "--host", host, "--port", port),
        *("--workers", str(workers), "--blocking-threads", str(max(threads, THREADS_MINIMUM))),
        *("--backpressure", str(math.ceil(LIMITS.request_queue / workers))),
        *("--no-access-log", "--no-ws"),
        *("--respawn-failed-workers", "config.wsgi:application"),
    ]


def uvicorn(env: Environment) -> list[str]:
    host, port = listening(env)
    return [
        *("-m", "uvicorn", "--host", host, "--port", port, "--lifespan", "off"),
        # Another loop would hide its transports, by which clients that stopped reading are dropped.
        *("--loop", "asyncio"),
        *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false"),
        *("--ws-max-size", str(LIMITS.socket_message_bytes)),
        *("--ws-ping-interval", str(SOCKET_PING_SECONDS)),
        *("--ws-ping-timeout", str(SOCKET_PONG_SECONDS), "--no-access-log"),
        # X-Forwarded-For counts as PROXIES says, in one place, and not by the peer's address.
        "--no-proxy-headers",
        *("--timeout-graceful-shutdown", "5", "config.asgi:application"),
    ]


def listening(env: Environment) -> tuple[str, str]:
    """The host and the port to listen on."""
    port = env.integer("PORT", default=8000, minimum=1, maximum=65_535)
    return env.text("HOST", default="127.0.0.1"), str(port)


def worker(env: Environment) -> list[str]:
    return celery_worker(WORKER_QUEUES, threads=2)


def brokers(env: Environment) -> list[str]:
    return celery_worker(BROKER_QUEUE, threads=4)


def celery_worker(queues: str, *, threads: int) -> list[str]:
    # Threads: the work is waiting for PostgreSQL, and one copy of the program in memory is enough.
    return [
        # It warns of every start by root, to no use: as root the whole desk runs as root.
        *("-W", "ignore:You're running the worker"),
        *("-m", "celery", "--app", "config.celery", "--quiet", "worker", "--pool", "threads"),
        *("--concurrency", str(threads), "--queues", queues, "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle"),
    ]


def scheduler(env: Environment) -> list[str]:
    words = ["-m", "celery", "--app", "config.celery", "--quiet", "beat"]
    return [*words, "--loglevel", "WARNING", "--pidfile="]


def matcher(env: Environment) -> list[str]:
    return ["manage.py", "matcher", "--shard", env.text("SHARD", default="0/1")]


def feed(env: Environment) -> list[str]:
    return ["manage.py", "feed", "--shard", env.text("SHARD", default="0/1")]


def relay(env: Environment) -> list[str]:
    return ["manage.py", "relay"]


def prepare(env: Environment) -> list[str]:
    return ["manage.py", "prepare"]


WEB_SERVERS: Final[dict[str, Callable[[Environment], list[str]]]] = {
    "daphne": daphne,
    "granian": granian,
    "uvicorn": uvicorn,
}
PROGRAMS: Final[dict[str, Callable[[Environment], list[str]]]] = {
    "prepare": prepare,
    "web": web,
    "worker": worker,
    "brokers": brokers,
    "scheduler": scheduler,
    "matcher": matcher,
    "feed": feed,
    "relay": relay,
}


def main(words: list[str]) -> None:
    """Replace this process by the named program, in the folder of the program."""
    if len(words) != 1 or words[0] not in PROGRAMS:
        sys.exit(f"Name one of: {', '.join(PROGRAMS)}.")
    try:
        command = [sys.executable, *PROGRAMS[words[0]](Environment())]
    except BadEnvironment as error:
        sys.exit(str(error))
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606 -- becoming the program is the whole point


if __name__ == "__main__":
    main(sys.argv[1:])
