from django.apps import AppConfig
from django.core import checks

from accounts.policies import find_undeclared_views


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        checks.register(find_undeclared_views, checks.Tags.urls)
