"""What alerts tell the apps above, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``trigger``, an AlertTrigger just recorded. Whoever delivers writes its outbox row.
alert_triggered = Signal()
