"""Mutated files of imports: a typed error or rows, in bounded time and memory."""

from __future__ import annotations

import random
import resource
import time
from typing import Final

from portfolio.imports.errors import UnreadableImport
from tests.portfolio.imports.mutations import mutated
from tests.portfolio.imports.reading import read
from tests.torture.report import Finding

# However little time there is.
FILES: Final = 50_000
# Of one file, which is small; a machine may be busy with others.
CPU_SECONDS_EACH: Final = 5.0
MEMORY_MIB: Final = 500


def search(*, seconds: float, seed: int) -> Finding:
    """Read mutated files until time is up and enough were read."""
    finding = Finding("imports", seed=seed, counted="files")
    deadline = time.monotonic() + seconds
    refused = 0
    while finding.count < FILES or time.monotonic() < deadline:
        content = mutated(random.Random(f"{seed}/{finding.count}"))
        started = time.process_time()
        try:
            read(content)
        except UnreadableImport:
            refused += 1
        except Exception as error:  # noqa: BLE001 - whatever else is raised is what is looked for
            finding.violations.append(f"file {finding.count}: {type(error).__name__}: {error}")
        took = time.process_time() - started
        if took > CPU_SECONDS_EACH:
            finding.violations.append(f"file {finding.count}: took {took:.1f} s")
        finding.count += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if memory > MEMORY_MIB:
        finding.violations.append(f"memory grew to {memory:.0f} MiB")
    finding.notes.append(f"{refused:,} refused, {memory:.0f} MiB at most")
    return finding
