"""What this app tells the apps above it, inside the transaction that does it."""

from django.dispatch import Signal

# Sent with ``portfolio`` and ``at``. A receiver that raises a PortfolioError refuses.
portfolio_archiving = Signal()

# Sent with ``failed`` (a list of portfolio.bookkeeping.probes.FailedProbe, not empty) and ``at``.
books_found_broken = Signal()
# Sent with ``drafts``, the entries just written, none of them a repeat, and ``recorded_at``.
entries_posted = Signal()
