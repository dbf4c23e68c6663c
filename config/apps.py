from importlib import import_module

from django.apps import AppConfig

# Tasks are sent through this application, so each process of ours must have it.
from config.celery import app as celery_application

__all__ = ["ConfigConfig", "celery_application"]


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Holdfast"

    def ready(self) -> None:
        # Listens to tasks; it reads models, so it waits for them.
        import_module("config.task_origin")
