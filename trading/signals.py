"""What this app tells the apps above it, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``changes``, a trading.shards.changes.Changes whose orders and events were just written.
orders_changed = Signal()

# Sent with ``closing``, a PositionClosing whose sale was just refused after its orders had ended,
# and ``at``, when that was.
closing_refused = Signal()
