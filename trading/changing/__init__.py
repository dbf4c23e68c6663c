"""What becomes of working orders: replaced, cancelled, closed out."""
