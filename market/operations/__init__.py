"""Pages on which staff keeps the instrument master."""
