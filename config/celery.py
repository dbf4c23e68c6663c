"""The Celery application: ``celery -A config.celery worker`` and ``beat``."""

import os
from importlib import import_module

from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# make check runs them; here they would load every page into worker and scheduler.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def refuse_undeclared_tasks(**_: object) -> None:
    """Let no worker run a task of which nobody said for whom it works.

    Raises:
        SystemExit: naming them. Celery would log any other error of a signal, and go on.
    """
    checks = import_module("config.access.checks")
    try:
        checks.refuse_undeclared(checks.OF_WORKERS)
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error


def show_the_way_through(**_: object) -> None:
    """Send the first heartbeat at once, so that readiness need not wait for its turn."""
    app.send_task("accounts.tasks.record_heartbeat", expires=60)


signals.worker_init.connect(refuse_undeclared_tasks)
signals.beat_init.connect(show_the_way_through)
