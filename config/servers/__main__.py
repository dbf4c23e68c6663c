"""Run a management command against the servers of a data folder: ``python -m config.servers``.

Starts them for its duration where they are not up: what ``make manage`` calls.
"""

import os
import signal
import subprocess
import sys
from typing import IO

from config.embedded import DataFolder, running_servers
from config.env import Environment
from config.run import ROOT
from config.servers.data_folder import EmbeddedServersError


def main(words: list[str]) -> int:
    env = Environment()
    if env.find("DATABASE_URL"):
        return run_manage(words)
    data = env.path("HOLDFAST_DATA", default=ROOT / "var")
    # Before the servers start: the settings must see which folder is meant.
    os.environ["HOLDFAST_DATA"] = str(data)
    is_ours = not DataFolder(data).is_locked()
    try:
        with running_servers(data):
            # A folder used for the first time has no tables yet.
            if is_ours and (code := run_manage(["prepare", "--only-migrate"], stdout=sys.stderr)):
                return code
            return run_manage(words)
    except EmbeddedServersError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- this is the command's face
        return 1


def run_manage(words: list[str], *, stdout: IO[str] | None = None) -> int:
    """Run manage.py with our terminal; Ctrl-C is its business, not ours."""
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            stdout=stdout,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, earlier)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
