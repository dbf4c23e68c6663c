"""Several portfolios looked at as one, in one currency."""
