from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # It reads models, so it waits for them.
        import_module("accounts.sign_in_events").listen()
