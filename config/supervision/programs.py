"""The processes of a desk. docker-compose.yml runs exactly the same commands, one a service."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from config.servers.child import Child
from config.supervision.addresses import Address
from config.supervision.supervisor import Program

ROOT: Final = Path(__file__).resolve().parent.parent.parent
WORKER_QUEUES: Final = "default,money,ingestion,valuations"
HTTP_TIMEOUT_SECONDS: Final = 120


def desk_programs(address: Address, *, data: Path) -> list[Program]:
    """Return web, worker, scheduler, matcher and feed, not started."""
    return [
        Program(_child("web", web_command(address), data=data), answers=address.is_alive),
        Program(_child("worker", worker_command(), data=data)),
        Program(_child("scheduler", scheduler_command(), data=data)),
        Program(_child("matcher", manage_command("matcher", "--shard", "0/1"), data=data)),
        Program(_child("feed", manage_command("feed", "--shard", "0/1"), data=data)),
    ]


def web_command(address: Address) -> list[str]:
    return [
        *(sys.executable, "-m", "daphne", "--verbosity", "0", "--no-server-name"),
        *("--bind", address.host, "--port", str(address.port)),
        *("--http-timeout", str(HTTP_TIMEOUT_SECONDS)),
        "config.asgi:application",
    ]


def worker_command() -> list[str]:
    # Threads: the work is waiting for PostgreSQL, and one copy of the program in memory is enough.
    return [
        *(sys.executable, "-m", "celery", "--app", "config.celery", "--quiet", "worker"),
        *("--pool", "threads", "--concurrency", "2", "--queues", WORKER_QUEUES),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]


def scheduler_command() -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--app", "config.celery", "--quiet", "beat"),
        *("--loglevel", "WARNING", "--pidfile="),
    ]


def manage_command(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def _child(name: str, command: Sequence[str], *, data: Path) -> Child:
    environment = {"HOLDFAST_DATA": str(data), "PYTHONUNBUFFERED": "1"}
    return Child(name=name, command=command, environment=environment, folder=ROOT)


def prepare_child(*, data: Path) -> Child:
    """Return the process that migrates and loads the sample, not started."""
    return _child("prepare", manage_command("prepare"), data=data)
