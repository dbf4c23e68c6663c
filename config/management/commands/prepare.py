"""Make the database and the files fit the program: ``manage.py prepare``, before each start."""

import hashlib
import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts import metrics
from market.models import EuroRate, Instrument


class Command(BaseCommand):
    help = "Migrate, collect static files, load the sample on the first run, make the demo login."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--only-migrate", action="store_true", help="nothing but the database")
        only.add_argument("--only-static", action="store_true", help="nothing but static files")

    def handle(self, *args: Any, only_migrate: bool, only_static: bool, **options: Any) -> None:
        if not only_static:
            metrics.forget_ended_processes()
            self._migrate()
        if not only_migrate:
            self._collect_static()
        if not (only_migrate or only_static):
            self._load_rates()
        if settings.HAS_DEMO and not (only_migrate or only_static):
            self._load_sample()
            self._make_demo_login()

    def _load_sample(self) -> None:
        if not Instrument.objects.exists():
            self.stdout.write("loading the sample")
            call_command("load_sample", stdout=self.stdout, stderr=self.stderr)

    def _load_rates(self) -> None:
        """The first rates, at once; the scheduler brings the following."""
        if not EuroRate.objects.exists():
            try:
                call_command("load_rates", stdout=self.stdout, stderr=self.stderr)
            except CommandError as error:  # no reason not to start: the scheduler asks again
                self.stderr.write(str(error))

    def _migrate(self) -> None:
        # Asking is twenty times quicker than a migrate that finds nothing to do.
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=1, stdout=self.stdout)

    def _collect_static(self) -> None:
        """Collect when a file changed since the last time, told by names, sizes and times."""
        stamp = Path(settings.STATIC_ROOT) / ".collected"
        fingerprint = fingerprint_static_files()
        if stamp.exists() and stamp.read_text() == fingerprint:
            return
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint)

    def _make_demo_login(self) -> None:
        """Keep what the command prints, because only the first run knows the password."""
        said = io.StringIO()
        call_command("ensure_demo_login", stdout=said, stderr=self.stderr)
        path = Path(settings.HOLDFAST_DATA) / "demo_login.txt"
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(said.getvalue())


def fingerprint_static_files() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
