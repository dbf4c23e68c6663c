from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        # They connect their receivers.
        import_module("integrations.events.receivers")
        import_module("integrations.exports.closing")
        import_module("integrations.live_orders.leaving")
        import_module("integrations.notifications.closing")
        import_module("integrations.live_orders.streaming").register()
