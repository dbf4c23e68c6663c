"""``make manage``: servers for the duration of one command."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.embedded import running_servers
from config.servers.data_folder import DataFolder
from tests.support.desk import ROOT, clean_environment
from tests.support.prepared import PreparedFolders

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


FORGET_AN_APPLICATION = """
DROP TABLE mfa_authenticator;
DELETE FROM django_migrations WHERE app = 'mfa';
"""


@pytest.fixture(scope="module")
def data(desks_folder: Path, prepared: PreparedFolders) -> Path:
    """One whose tables are there but for one, as after an update that brings it."""
    folder = desks_folder / "manage"
    prepared.copy_to(folder, has_sample=False)
    with (
        running_servers(folder) as connection,
        psycopg.connect(connection.admin_database_url, autocommit=True) as admin,
    ):
        admin.execute(FORGET_AN_APPLICATION)
    return folder


def run(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.servers", *words],
        env=clean_environment(data) | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_it_starts_and_stops_the_servers_around_a_command(data: Path) -> None:
    script = "from accounts.models import User; print('users', User.objects.count());"
    # Its table is made before the command runs.
    script += "from allauth.mfa.models import Authenticator as A; print('codes', A.objects.count())"
    finished = run(data, "shell", "-c", script)
    assert finished.returncode == 0, finished.stderr
    assert "users 0" in finished.stdout
    assert "codes 0" in finished.stdout
    assert not DataFolder(data).is_locked()
    assert not (data / "connection.json").exists()


def test_it_hands_the_commands_failure_on(data: Path) -> None:
    finished = run(data, "no_such_command")
    assert finished.returncode == 1
    assert "Unknown command: 'no_such_command'" in finished.stderr
    assert not DataFolder(data).is_locked()
