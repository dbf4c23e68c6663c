"""What companies do to their shares: cash dividends and splits."""
