from importlib import import_module

from django.apps import AppConfig


class MarketConfig(AppConfig):
    name = "market"
    verbose_name = "Markets"

    def ready(self) -> None:
        import_module("market.alerts.closing")  # connects its receiver
