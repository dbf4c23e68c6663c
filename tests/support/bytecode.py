"""Pytest plugin: every process of a test run reads compiled modules, wherever it runs.

Containers often forbid Python to keep compiled modules beside the sources. Then each of the many
processes of a run would compile Django and all else anew, which takes as long as all the rest of
its start. So such a run keeps them in a folder of its own, which goes with it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

_folders: list[Path] = []


# The first hook of all: after it come Django and the other plugins.
def pytest_addoption() -> None:
    if sys.dont_write_bytecode and "PYTEST_XDIST_WORKER" not in os.environ:
        _folders.append(Path(tempfile.mkdtemp(prefix="holdfast-bytecode-")))
        keep_in(_folders[-1])


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def keep_in(folder: Path) -> None:
    """Let this process, and those that it starts, keep what they compile in the folder."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(folder)
