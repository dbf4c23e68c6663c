"""Users' connections to brokers: kept, verified, synced into the books, compared with them."""
