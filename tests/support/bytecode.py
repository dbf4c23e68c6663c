"""Pytest plugin: every process of a test run reads compiled modules, wherever it runs.

Containers often forbid Python to keep compiled modules beside the sources. Then each of the many
processes of a run would compile Django and all else anew, which takes as long as all the rest of
its start. Such a run keeps them with what pytest keeps.
"""

import os
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / ".pytest_cache" / "bytecode"


# The first hook of all: after it come Django and the other plugins.
def pytest_addoption() -> None:
    if sys.dont_write_bytecode and "PYTEST_XDIST_WORKER" not in os.environ:
        keep_in(FOLDER)


def keep_in(folder: Path) -> None:
    """Let this process, and those that it starts, keep what they compile in the folder."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(folder)
