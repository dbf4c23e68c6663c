"""What alerts tell the apps above, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``trigger``, an AlertTrigger just recorded.
alert_triggered = Signal()
# Sent once for all that fired together, with ``triggers``, after the former was for each of them.
# Whoever delivers writes their outbox rows, in one statement: many fire when a price jumps.
alerts_triggered = Signal()
