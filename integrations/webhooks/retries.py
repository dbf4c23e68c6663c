"""When a delivery that failed is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# Ten tries over 75 hours, as the Standard Webhooks specification proposes.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS: Final = len(PAUSES) + 1
JITTER: Final = 0.1


def pause_after(
    attempts: int, *, chance: float, asked_seconds: int | None = None
) -> timedelta | None:
    """How long to wait after so many attempts; ``None`` where there is none left.

    Args:
        attempts: made so far, at least 1.
        chance: from 0 to 1; spreads the pause by a tenth to either side, so that deliveries
            which failed together do not come back together.
        asked_seconds: what the receiver asked for by Retry-After; a longer one counts.
    """
    if attempts >= ATTEMPTS:
        return None
    pause = PAUSES[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return max(pause, timedelta(seconds=asked_seconds or 0))
