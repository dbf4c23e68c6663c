from importlib import import_module

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = "Trading"

    def ready(self) -> None:
        for name in (
            "changing.archiving",
            "changing.closing_followed",
            "live.alert_bells",
            "live.entry_bells",
            "order_entry.stops",
            "resets.carrying_out",
        ):
            import_module(f"trading.{name}")  # connects its receiver
        import_module("trading.probes").register()
