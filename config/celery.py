"""The Celery application: ``celery -A config.celery worker`` and ``beat``."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# make check runs them; here they would load every page into worker and scheduler.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def show_the_way_through(**_: object) -> None:
    """Send the first heartbeat at once, so that readiness need not wait for its turn."""
    app.send_task("accounts.tasks.record_heartbeat", expires=60)


signals.beat_init.connect(show_the_way_through)
