"""Alpaca's trading and market-data API over our operations, so that its own client trades here."""
