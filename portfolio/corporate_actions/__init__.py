"""Splits, dividends and missing acquisitions, booked for whoever held the units."""
