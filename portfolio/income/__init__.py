"""What a portfolio earns without selling: dividends and interest, paid and declared."""
