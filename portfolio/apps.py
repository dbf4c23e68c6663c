from importlib import import_module

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "portfolio"
    verbose_name = "Portfolios"

    def ready(self) -> None:
        import_module("portfolio.late_prices")  # connects its receiver
