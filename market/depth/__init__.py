"""The order book and the tape: what is bid and offered beyond the best price, and what traded."""
