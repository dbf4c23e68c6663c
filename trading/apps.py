from importlib import import_module

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = "Trading"

    def ready(self) -> None:
        import_module("trading.archiving")  # connects its receiver
        import_module("trading.probes").register()
