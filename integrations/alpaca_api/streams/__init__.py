"""The two sockets of Alpaca's API: what becomes of orders, and prices as they come."""
