"""Run benchmark cases: ``python -m bench [CASE …] [--rounds N] [--scale X] [--json FILE]``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Final

from bench.harness import Options, Report

CASES: Final = ("ingest", "candles", "orders", "fanout")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=Options.seed)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--json", type=Path, help="write one JSON object a line to this file")
    arguments = parser.parse_args()
    options = Options(rounds=arguments.rounds, seed=arguments.seed, scale=arguments.scale)
    written = []
    for case in arguments.cases or CASES:
        report: Report = importlib.import_module(f"bench.{case}").run(options)
        print("\n".join(report.lines()), flush=True)
        written.append(report.as_json())
    if arguments.json:
        arguments.json.write_text("\n".join(written) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
