"""Instruments that staff lets nobody trade for a while."""
