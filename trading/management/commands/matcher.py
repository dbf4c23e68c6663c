"""Run the matcher of one shard of instruments."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.matcher import Matcher


class Command(BaseCommand):
    help = "Match orders. The first of a shard leads; further ones stand by and take over."
    requires_system_checks = ()  # they would load every page

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shard",
            default="0/1",
            help="which instruments: 0/2 and 1/2 share them between two matchers",
        )

    def handle(self, *args: Any, shard: str, **options: Any) -> None:
        index, count = parse_shard(shard)
        matcher = Matcher(shard=index, shards=count)

        def stop(signum: int, frame: FrameType | None) -> None:
            del signum, frame
            matcher.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        matcher.run()


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``i/n``.

    Raises:
        CommandError: it is not two whole numbers with 0 <= i < n.
    """
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise CommandError(f"--shard was {text!r}, must be i/n with 0 <= i < n, such as 0/1.")
    return int(index), int(count)
