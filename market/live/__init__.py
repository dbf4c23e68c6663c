"""Prices of now: the feed, what processes tell each other, and the sockets."""
