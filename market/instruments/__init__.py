"""What trades: the master, its files, and what a symbol means."""
