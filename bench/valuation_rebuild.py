"""Value one portfolio anew in a process by itself, and say how much memory that took at most.

``python -m bench.valuation_rebuild PORTFOLIO THROUGH``, in the environment of the case.
"""

from __future__ import annotations

import sys
from datetime import date
from uuid import UUID

import django

from bench.harness import peak_memory_mib


def main(portfolio_id: str, through: str) -> None:
    django.setup()
    from portfolio.valuation import refresh_valuations  # noqa: PLC0415 - needs Django set up

    refresh_valuations(UUID(portfolio_id), date.fromisoformat(through), is_full=True)
    print(peak_memory_mib())


if __name__ == "__main__":
    main(*sys.argv[1:])
