from importlib import import_module

from django.apps import AppConfig


class MarketConfig(AppConfig):
    name = "market"
    verbose_name = "Markets"

    def ready(self) -> None:
        for module in ("closing", "split_adjustments"):
            import_module(f"market.alerts.{module}")  # connects its receiver
