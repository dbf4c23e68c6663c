"""Alpaca: accounts, positions, activities and orders; see docs/brokers.md."""
