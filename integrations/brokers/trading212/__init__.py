"""Trading 212: accounts, positions and history; see docs/brokers.md."""
