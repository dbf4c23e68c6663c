"""``manage.py rotate_keys [--plan]``: bring stored credentials under the current key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.models import Credential
from integrations.vault.errors import VaultUnavailable
from integrations.vault.key_providers import current_provider
from integrations.vault.key_providers.key_file import KeyFile
from integrations.vault.rotation import key_uses, rotate


class Command(BaseCommand):
    help = "Rewrap stored credentials under the current key, while the desk runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--plan", action="store_true", help="say what would be done, and do nothing"
        )
        parser.add_argument(
            "--new-key", action="store_true", help="make a key in the key file first"
        )
        parser.add_argument(
            "--forget",
            action="store_true",
            help="afterwards, take keys out of the key file that wrap nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["plan"]:
                self.plan(makes_key=options["new_key"])
                return
            if options["new_key"]:
                self.stdout.write(f"Made the key file:{self.key_file().add_key()}.")
            done = rotate(at=timezone.now())
            if options["forget"]:
                self.forget()
        except VaultUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Rewrapped {done.rewrapped} credential(s) under {done.key_id}.")
        if done.unreadable:
            raise CommandError(f"{done.unreadable} credential(s) cannot be read; see the log.")

    def plan(self, *, makes_key: bool) -> None:
        moving = 0
        for use in key_uses():
            stays = use.is_current and not makes_key
            self.stdout.write(
                f"{use.key_id}: {use.credentials} credential(s),"
                f" {'current' if use.is_current else 'former'}"
            )
            moving += 0 if stays else use.credentials
        self.stdout.write(f"{moving} credential(s) would be rewrapped. Nothing was done.")

    def key_file(self) -> KeyFile:
        provider = current_provider()
        if not isinstance(provider, KeyFile):
            raise CommandError(
                "Keys are made and forgotten here in a key file only; VAULT_KEY_PROVIDER is"
                f" {provider.name}."
            )
        return provider

    def forget(self) -> None:
        used = set(Credential.objects.values_list("key_id", flat=True).distinct())
        file = self.key_file()
        unused = [name for name in file.keys()[1] if f"file:{name}" not in used]
        gone = file.forget_keys(unused)
        self.stdout.write(f"Forgot {len(gone)} key(s) that wrapped nothing.")
