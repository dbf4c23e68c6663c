"""What the newest client does here, the oldest that is supported does too, in a run of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.desk import ROOT
from tests.support.servers import FOLDER_VARIABLE

LIBRARIES = Path(sys.prefix) / "oldest-client"
LOCK = Path(__file__).with_name("oldest_client.lock")
FILES = (
    "test_trading_client.py",
    "test_trading_account.py",
    "test_data_client.py",
    "test_streams.py",
    "test_strategy.py",
)
SECONDS = 500


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A Python that finds the oldest client before the newest."""
    hidden = {"PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID", "PYTEST_CURRENT_TEST"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    # One more worker of this run: its tables are a copy, its Valkey is its own.
    environment |= {"PYTHONPATH": str(LIBRARIES), "PYTEST_XDIST_WORKER": "oldest"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 20)
@pytest.mark.skipif(FOLDER_VARIABLE not in os.environ, reason="the servers are not this run's own")
def test_the_oldest_client_trades_and_listens() -> None:
    script = "from importlib.metadata import version; import alpaca; "
    script += "print(f\"alpaca-py=={version('alpaca-py')} {alpaca.__file__}\")"
    found = run("-c", script).stdout
    assert found.split()[0] in LOCK.read_text().split()
    assert str(LIBRARIES) in found
    here = Path(__file__).parent
    finished = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(here / one) for one in FILES)
    )
    assert finished.returncode == 0, finished.stdout[-8000:]
    assert " passed" in finished.stdout.splitlines()[-1]
