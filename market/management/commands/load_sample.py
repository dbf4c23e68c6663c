"""Load the sample: ``manage.py load_sample``. Repeating it is harmless."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from market.sample import load_sample


class Command(BaseCommand):
    help = "Load 30 real stocks with five years of daily prices, continued by the simulator."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_sample(clock=timezone.now)
        self.stdout.write(
            f"{loaded.instruments} instruments, {loaded.run.rows_written:,} daily bars written,"
            f" {loaded.run.rows_unchanged:,} unchanged, {loaded.run.rows_refused:,} refused;"
            f" {loaded.simulated_bars:,} simulated bars written."
        )
        for refusal in loaded.run.refusals.order_by("line", "id"):
            self.stdout.write(f"  line {refusal.line}: {refusal.code}: {refusal.message}")
