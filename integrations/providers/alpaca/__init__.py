"""Bars and live prices of Alpaca's market data."""
