"""What alerts tell the apps above, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``trigger``, an AlertTrigger just recorded. Whoever delivers writes its outbox row.
alert_triggered = Signal()
# Sent once for all that fired together, with ``triggers``, after the former was for each of them.
alerts_triggered = Signal()
