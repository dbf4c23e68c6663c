"""Load exchange rates now: ``manage.py load_rates``. Repeating it is harmless."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from market.currencies.rate_intake import load_rates
from market.currencies.rate_providers import rate_providers
from market.models.prices import RunStatus


class Command(BaseCommand):
    help = "Ask every configured source for exchange rates and store what is new or corrected."

    def handle(self, *args: Any, **options: Any) -> None:
        failures = []
        for provider in rate_providers():
            run = load_rates(provider, clock=timezone.now)
            if run.status == RunStatus.FAILED:
                failures.append(f"{run.provider}: {run.error}")
                continue
            self.stdout.write(
                f"exchange rates of {run.provider}: {run.rows_written:,} written,"
                f" {run.rows_unchanged:,} unchanged, {run.rows_refused:,} refused."
            )
        if failures:
            raise CommandError(" ".join(failures))
