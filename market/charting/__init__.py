"""Bars as pictures. Pure."""
