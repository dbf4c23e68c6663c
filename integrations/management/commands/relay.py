"""Run a relay."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.relay import Relay


class Command(BaseCommand):
    help = "Relay events to inboxes, mail and programs. Several may run beside each other."
    requires_system_checks = ()  # they would load every page

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay(clock=timezone.now)

        def stop(signum: int, frame: FrameType | None) -> None:
            del signum, frame
            relay.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        relay.run()
