"""Prices on their way in: from files, runs and feeds into the database."""
