"""What in a portfolio's data makes its figures less true than they look."""
