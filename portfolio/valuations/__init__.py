"""What a portfolio is and was worth: day by day, now, and on a past day."""
