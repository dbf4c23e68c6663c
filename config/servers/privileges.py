"""Which user PostgreSQL runs as, and what that user needs to reach its files.

PostgreSQL refuses to run as root. Where the desk is run by root, it runs as the user "holdfast"
if the system has one, else as "nobody"; a data folder keeps the user it was made with. Folders
such as /root stay closed: a capability to pass them is given to PostgreSQL alone, and only
where it cannot get to its files without.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.servers.child import Child
from config.servers.data_folder import EmbeddedServersError

CAP_DAC_OVERRIDE: Final = 1
CAP_DAC_READ_SEARCH: Final = 2
PREFERRED_USERS: Final = ("holdfast", "nobody")
PROBE_TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user a server runs as. None is the user we are."""

    user_id: int | None = None
    capabilities: tuple[int, ...] = ()

    def own(self, path: Path) -> None:
        """Give a folder to this user and close it to others."""
        path.mkdir(parents=True, exist_ok=True)
        if self.user_id is not None:
            os.chown(path, self.user_id, self.user_id)
        path.chmod(0o700)


def choose_user(*, cluster: Path, programs: Path) -> RunAs:
    """Say whom PostgreSQL runs as here.

    Raises:
        EmbeddedServersError: we are root and no other user can reach the files.
    """
    if os.geteuid() != 0:
        return RunAs()
    user_id = find_user_id(cluster)
    RunAs(user_id).own(cluster)
    for capabilities in ((), (CAP_DAC_READ_SEARCH,), (CAP_DAC_OVERRIDE,)):
        run_as = RunAs(user_id, capabilities)
        if can_work(run_as, cluster=cluster, programs=programs):
            return run_as
    raise EmbeddedServersError(
        f"PostgreSQL does not run as root, and user {user_id} cannot reach {cluster} and"
        f" {programs}. Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def find_user_id(cluster: Path) -> int:
    """Return the owner of an existing cluster, else the first preferred user the system knows."""
    if cluster.exists() and cluster.stat().st_uid != 0:
        return cluster.stat().st_uid
    for name in PREFERRED_USERS:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise EmbeddedServersError(
        "PostgreSQL does not run as root, and the system has neither a user holdfast nor nobody."
        " Add one (useradd --system holdfast), or set DATABASE_URL and REDIS_URL."
    )


def can_work(run_as: RunAs, *, cluster: Path, programs: Path) -> bool:
    """Try it: start a program of PostgreSQL as that user, in the folder of the cluster."""
    script = 'cd "$1" && "$2" --version && "$3" --version'
    child = Child(
        name="probe",
        command=[
            *("/bin/sh", "-c", script, "probe", str(cluster)),
            *(str(programs / "postgres"), str(programs / "initdb")),
        ],
        user_id=run_as.user_id,
        capabilities=run_as.capabilities,
    )
    finished = subprocess.run(
        child.full_command(),
        cwd="/",
        capture_output=True,
        timeout=PROBE_TIMEOUT_SECONDS,
        check=False,
    )
    return finished.returncode == 0
