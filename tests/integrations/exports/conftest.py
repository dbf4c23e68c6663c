from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where exports go here."""
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"
