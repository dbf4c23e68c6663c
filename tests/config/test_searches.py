"""The long searches, which no test runs, can at least begin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.desk import HIDDEN

ROOT = Path(__file__).resolve().parents[2]


def test_every_search_loads_in_a_process_of_its_own(tmp_path: Path) -> None:
    code = "from tests.torture.__main__ import CASES, load; print(*map(load, CASES))"
    bare = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=bare | {"HOLDFAST_DATA": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "tests.torture.faults" in done.stdout
