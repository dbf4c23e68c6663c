"""What an investor owns: the ledger, lots, positions and valuations."""
