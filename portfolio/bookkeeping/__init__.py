"""The books: entries, balances, journal, and what is kept in step with them."""
