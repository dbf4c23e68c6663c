"""Alerts: what an investor wants to be told of, and who notices that it has happened."""
