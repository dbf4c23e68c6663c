"""What staff sees of events on their way."""
