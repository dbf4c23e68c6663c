"""What alerts tell the apps above, inside the transaction that does it."""

from django.dispatch import Signal

# Sent once for all that fired together, with ``triggers``, the AlertTriggers just recorded.
# Whoever delivers writes their outbox rows, in one statement: many fire when a price jumps.
alerts_triggered = Signal()
