"""What this app tells the apps above it, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``user`` and ``at``. A receiver ends what it keeps for the user in the same
# transaction; one that raises a HoldfastError refuses.
account_closing = Signal()
