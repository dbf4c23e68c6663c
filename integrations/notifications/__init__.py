"""Telling users what happened: in the inbox, and by mail."""
