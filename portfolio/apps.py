from importlib import import_module

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "portfolio"
    verbose_name = "Portfolios"

    def ready(self) -> None:
        for name in (
            "closing",
            "corporate_actions.late_actions",
            "position_days.revisions",
            "sharing.members",
            "valuations.staleness",
        ):
            import_module(f"portfolio.{name}")  # connects its receiver
