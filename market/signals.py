"""What this app tells the apps above it, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``changes``, a sequence of market.corporate_actions.facts.ActionChange. A receiver
# writes in the same transaction; one that raises undoes it.
corporate_actions_changed = Signal()
