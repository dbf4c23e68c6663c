"""Sharing portfolios: with members in roles, and with anybody by links that tell percentages."""
