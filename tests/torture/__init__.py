"""Searches too long for every commit: random commands, random books, killed processes."""
