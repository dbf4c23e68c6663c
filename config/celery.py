"""The Celery application: ``celery -A config.celery worker`` and ``beat``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# make check runs them; here they would load every page into worker and scheduler.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
