"""Brokers, a folder each. A folder with a ``broker`` module that has an ``ADAPTER`` is in the
catalogue; see docs/brokers.md for how to add one.
"""
