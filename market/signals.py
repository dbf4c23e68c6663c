"""What this app tells the apps above it, inside the transaction that does it.

A receiver writes in the same transaction; one that raises undoes it.
"""

from django.dispatch import Signal

# Sent with ``changes``, a sequence of market.corporate_actions.facts.ActionChange.
corporate_actions_changed = Signal()

# Sent with ``first_dates``, by instrument the first exchange-local date whose daily bar came anew
# or was corrected.
daily_bars_changed = Signal()

# Sent with ``first_dates``, by currency the first date whose rate came or was corrected.
exchange_rates_changed = Signal()

# Sent with ``instrument_ids`` by the feed, moments after splits of these took effect, outside of
# any transaction. What takes effect while nobody leads the feed is not told.
splits_took_effect = Signal()
