"""Orders, fills and settlements for programs."""
