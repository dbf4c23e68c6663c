"""The project: settings, addresses, processes. Whatever starts imports this before all else."""

import gc

# A start makes a million objects that stay. Looking for garbage among them after each 700 new ones,
# as Python does, takes a fifth of the start's time and finds nothing; requests make as little.
gc.set_threshold(50_000, 20, 50)
