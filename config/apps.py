from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.core import checks

# Tasks are sent through this application, so each process of ours must have it.
from config.celery import app as celery_application

__all__ = ["ConfigConfig", "celery_application"]


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Holdfast"

    def ready(self) -> None:
        # Listens to tasks; it reads models, so it waits for them.
        import_module("config.task_origin")
        import_module("config.observation")
        checks.register(find_undeclared, checks.Tags.security)


def find_undeclared(**_: Any) -> list[checks.CheckMessage]:
    """Find what does not declare who may call it; loads every page, so only when asked."""
    access = import_module("config.access.checks")
    return [error for check in (*access.OF_SERVERS, *access.OF_WORKERS) for error in check()]
