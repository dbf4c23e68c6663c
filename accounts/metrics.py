"""What the desk counts about itself, for Prometheus; docs/logs.md says what each means.

Every process keeps its own numbers in files of ``METRICS_FOLDER``, and whichever process is asked
adds them all up. Labels come from what the program names (route, task, tier), never from what a
caller sends, so their number is bounded.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings

folder: Final = Path(settings.METRICS_FOLDER)
folder.mkdir(parents=True, exist_ok=True, mode=0o755)
# The library reads it when it is imported.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

from prometheus_client import Counter, Gauge, Histogram, values  # noqa: E402

HOST: Final = socket.gethostname().replace("_", "-")


def process_name() -> str:
    """Containers share the folder and each count their processes from 1."""
    return f"{HOST}-{os.getpid()}"


values.ValueClass = values.MultiProcessValue(process_name)  # type: ignore[no-untyped-call]

SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TASK_SECONDS: Final = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900)
SIZES: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)

requests: Final = Counter("holdfast_requests", "Requests answered", ["method", "route", "status"])
request_seconds: Final = Histogram(
    "holdfast_request_seconds", "Time to answer", ["route"], buckets=SECONDS
)
requests_under_way: Final = Gauge(
    "holdfast_requests_under_way",
    "Requests a thread works at now",
    multiprocess_mode="livesum",
)
request_threads: Final = Gauge(
    "holdfast_request_threads",
    "Threads for requests in the embedded process",
    multiprocess_mode="livesum",
)
requests_waiting: Final = Gauge(
    "holdfast_requests_waiting", "Requests that wait for one of them", multiprocess_mode="livesum"
)
requests_turned_away: Final = Counter(
    "holdfast_requests_turned_away", "Requests refused with 503 because too many waited"
)
rate_limit_refusals: Final = Counter(
    "holdfast_rate_limit_refusals", "Requests refused with 429", ["policy"]
)
sockets_open: Final = Gauge(
    "holdfast_sockets_open", "Sockets open now", ["kind"], multiprocess_mode="livesum"
)
frames: Final = Counter("holdfast_frames", "Frames handed to sockets", ["kind"])
price_lag_seconds: Final = Histogram(
    "holdfast_price_lag_seconds",
    "Age of a batch of prices where it passes",
    ["place"],
    buckets=SECONDS,
)
orders_accepted: Final = Counter("holdfast_orders_accepted", "Orders recorded", ["type"])
match_commands: Final = Histogram(
    "holdfast_match_batch_commands", "Commands in a batch of the matcher", buckets=SIZES
)
match_seconds: Final = Histogram(
    "holdfast_match_batch_seconds", "Time of a batch of the matcher", buckets=SECONDS
)
tasks: Final = Counter("holdfast_tasks", "Tasks ended", ["task", "outcome"])
task_seconds: Final = Histogram(
    "holdfast_task_seconds", "Time of a task", ["task"], buckets=TASK_SECONDS
)


def forget_ended_processes() -> None:
    """Empty the folder; to be called before any process of the desk runs."""
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def cached_children(make: Callable[..., Any]) -> Callable[..., Any]:
    """Remember a metric's children by label, which the library looks up under a lock."""
    known: dict[tuple[str, ...], Any] = {}

    def child(*labels: str) -> Any:
        found = known.get(labels)
        if found is None:
            found = known[labels] = make(*labels)
        return found

    return child


price_lag: Final = cached_children(price_lag_seconds.labels)
_request_count = cached_children(requests.labels)
_request_time = cached_children(request_seconds.labels)


def request_answered(*, method: str, route: str, status: int, seconds: float) -> None:
    _request_count(method, route, str(status)).inc()
    _request_time(route).observe(seconds)
