"""Indices that users bring as files, to compare their portfolios with."""
