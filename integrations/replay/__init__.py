"""Recorded prices, played again as a live feed."""
