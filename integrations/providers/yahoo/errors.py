"""What can go wrong with Yahoo alone."""

from __future__ import annotations

from market.intake.bar_providers import BadAnswer


class NothingThere(BadAnswer):
    """Yahoo knows the instrument, and has no prices of that span."""
