"""How a program of one's own uses the desk."""
