"""Mutated files of imports: a typed error or rows, in bounded time and memory; and some of them
through the database, where each is booked and undone wholly or not at all.
"""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from typing import Final

from accounts.tiers import Tier
from portfolio.imports.errors import UnreadableImport
from tests.factories import make_user
from tests.portfolio.imports.factories import at, make_tracked
from tests.portfolio.imports.mutations import mutated
from tests.portfolio.imports.reading import read
from tests.portfolio.imports.ways import Ways, list_instruments
from tests.torture.report import Finding

# However little time there is.
FILES: Final = 50_000
# Of one file, which is small; a machine may be busy with others.
CPU_SECONDS_EACH: Final = 5.0
# One file in so many goes into the books and out again; so many share a portfolio.
BOOKED_EACH: Final = 40
BOOKED_TOGETHER: Final = 50
MEMORY_MIB: Final = 500


def search(*, seconds: float, seed: int) -> Finding:
    """Read mutated files until time is up and enough were read."""
    finding = Finding("imports", seed=seed, counted="files")
    deadline = time.monotonic() + seconds
    refused = 0
    owner = make_user(f"torture-{seed}@example.com", tier=Tier.ADMIN)  # portfolios without end
    list_instruments()
    outcomes: Counter[str] = Counter()
    depot = make_tracked(owner, "Depot")
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
        if finding.count % BOOKED_EACH == 0:
            ways = Ways(owner, depot, at=at())
            book(ways, content, finding)
            outcomes += ways.outcomes
        finding.count += 1
        if finding.count % (BOOKED_EACH * BOOKED_TOGETHER) == 0:  # small books are quick ones
            depot = make_tracked(owner, "Depot")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if memory > MEMORY_MIB:
        finding.violations.append(f"memory grew to {memory:.0f} MiB")
    finding.notes.append(f"{refused:,} refused, {memory:.0f} MiB at most")
    words = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    finding.notes.append(f"through the books: {words}")
    return finding


def book(ways: Ways, content: bytes, finding: Finding) -> None:
    try:
        ways.go(content)
    except Exception as error:  # noqa: BLE001 - whatever is raised is what is looked for
        ways.broken.append(f"{type(error).__name__}: {error}")
    finding.violations.extend(f"file {finding.count}: {words}" for words in ways.broken)
