"""Prices of the past, read: bars of every interval, closes, statistics, files."""
