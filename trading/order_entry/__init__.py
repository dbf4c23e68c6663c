"""Whether the desk takes orders: stopped by broken books, opened again by staff."""
