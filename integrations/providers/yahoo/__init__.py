"""Bars, dividends and splits of Yahoo Finance, by the library yfinance."""
