"""The way out: what may be connected to, and how."""
