"""Secrets of users, such as what signs in to their brokers; see docs/vault.md.

``envelopes`` encrypts, ``key_providers`` keep the keys that wrap its keys, ``credentials`` are the
operations, ``rotation`` brings stored keys under another.
"""
