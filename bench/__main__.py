"""Run benchmark cases: ``python -m bench [CASE …] [--rounds N] [--scale X] [--json FILE]``."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.database import fresh_database
from bench.harness import DEFAULT_SEED, Options, Report

CASES: Final = (
    *("ingest", "import", "candles", "quote", "orders", "matching", "order_batches"),
    *("fanout", "slow_readers", "alerts", "live_candle", "page", "valuation", "dashboard"),
)
# A word of the language names no module.
MODULES: Final = {"import": "imports"}
# These import models, so servers and settings must stand before the module is loaded; the
# others start processes of their own.
WITHIN_DJANGO: Final = frozenset(
    {"ingest", "import", "candles", "alerts", "valuation", "dashboard"}
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--json", type=Path, help="append one JSON object a case to this file")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    cases = arguments.cases or CASES
    if len(cases) > 1:
        return run_each_in_a_process(cases)
    options = Options(rounds=arguments.rounds, seed=arguments.seed, scale=arguments.scale)
    report = run_case(cases[0], options)
    print("\n".join(report.lines()), flush=True)
    if arguments.json:
        with arguments.json.open("a", encoding="utf-8") as file:
            file.write(report.as_json() + "\n")
    return 0


def run_each_in_a_process(cases: list[str] | tuple[str, ...]) -> int:
    """Keep the cases from warming or burdening each other."""
    flags = [word for word in sys.argv[1:] if word not in CASES]
    codes = [subprocess.call([sys.executable, "-m", "bench", case, *flags]) for case in cases]
    return max(codes)


def run_case(case: str, options: Options) -> Report:
    if case not in WITHIN_DJANGO:
        return load_and_run(case, options)
    with fresh_database():
        return load_and_run(case, options)


def load_and_run(case: str, options: Options) -> Report:
    report: Report = importlib.import_module(f"bench.{MODULES.get(case, case)}").run(options)
    return report


if __name__ == "__main__":
    sys.exit(main())
