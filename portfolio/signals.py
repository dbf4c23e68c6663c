"""What this app tells the apps above it, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``portfolio`` and ``at``. A receiver that raises a PortfolioError refuses.
portfolio_archiving = Signal()
