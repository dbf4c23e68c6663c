"""Thousands of requests made from the OpenAPI document, against a desk of its own."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from tests.fuzzing.fuzzer import Fuzzer
from tests.fuzzing.world import World
from tests.support.desk import LiveDesk
from tests.torture.report import Finding

# However little time there is.
REQUESTS: Final = 20_000
REQUESTS_EACH: Final = 20


def search(*, seconds: float, seed: int) -> Finding:
    """Send until time is up and enough was sent; a 5xx or an undocumented answer is a violation."""
    finding = Finding("api", seed=seed, counted="requests")
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="holdfast-torture-") as folder:
        Path(folder).chmod(0o711)
        desk = LiveDesk(Path(folder) / "data")
        try:
            desk.start()
            world = World(desk)
            world.settle()
            fuzzer = Fuzzer(world, seed=seed)
            while fuzzer.total < REQUESTS or time.monotonic() < deadline:
                for name, operation in fuzzer.operations():
                    fuzzer.succeed(name, operation)
                    fuzzer.fuzz(name, operation, requests_wanted=REQUESTS_EACH)
        finally:
            desk.stop()
    finding.count = fuzzer.total
    finding.notes.extend(fuzzer.table())
    finding.violations.extend([*fuzzer.violations.values(), *fuzzer.unreached()])
    return finding
