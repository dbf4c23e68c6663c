"""Run the live price feed of one shard of instruments."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.intake.providers import live_provider
from market.live.price_feed import PriceFeed
from market.live.shard_leader import Shard


class Command(BaseCommand):
    help = "Bring live prices of one shard into Valkey and PostgreSQL, until told to stop."
    requires_system_checks = ()  # they would load every page

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shard", default="0/1", help="index/count, like 0/1 (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shard = Shard.read(options["shard"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        feed = PriceFeed(shard=shard, make_provider=live_provider, clock=lambda: datetime.now(UTC))
        feed.run(stop)
