"""What trades and what it costs: instruments, prices, charts, watchlists, the live feed."""
