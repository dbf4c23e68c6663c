"""Search for broken promises: ``python -m tests.torture [CASE …] --seconds N [--seed N]``.

The time is shared by the cases. Exits with 1 when a promise was broken; the seed repeats it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import sys
from types import ModuleType
from typing import Final

import django

from bench.database import fresh_database
from bench.harness import measured
from tests.torture.report import Finding

CASES: Final = ("matching", "books", "orders", "faults", "api", "alerts", "imports")
WITHIN_DJANGO: Final = frozenset({"books", "imports", "orders"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: at random")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    cases = arguments.cases or CASES
    seed = secrets.randbelow(10**9) if arguments.seed is None else arguments.seed
    broken = 0
    for case in cases:
        finding = search(case, seconds=arguments.seconds / len(cases), seed=seed)
        print(finding, flush=True)
        broken += len(finding.violations)
    return 1 if broken else 0


def search(case: str, *, seconds: float, seed: int) -> Finding:
    if case not in WITHIN_DJANGO:
        return load_and_search(case, seconds=seconds, seed=seed)
    with fresh_database():
        return load_and_search(case, seconds=seconds, seed=seed)


def load_and_search(case: str, *, seconds: float, seed: int) -> Finding:
    module = load(case)
    with measured() as sample:
        finding: Finding = module.search(seconds=seconds, seed=seed)
    finding.wall_seconds, finding.cpu_seconds = sample.wall_seconds, sample.cpu_seconds
    return finding


def load(case: str) -> ModuleType:
    # Whoever starts a desk asks its code which brokers there are.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    return importlib.import_module(f"tests.torture.{case}")


if __name__ == "__main__":
    sys.exit(main())
