"""What a portfolio is made of, and how much hangs on one thing."""
