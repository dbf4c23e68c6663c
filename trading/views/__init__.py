"""Pages of orders and settlements."""
