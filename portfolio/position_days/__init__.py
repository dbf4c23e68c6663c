"""What each position of a portfolio was worth, day by day."""
