from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Holdfast"

    def ready(self) -> None:
        # Tasks and channel layers are found through the Celery application.
        from config import celery  # noqa: F401
