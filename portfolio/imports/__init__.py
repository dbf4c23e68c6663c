"""Files of brokers and of other trackers, read into activities.

``reading`` and all it stands on are pure: bytes in, rows out. ``previews`` finds out what each row
would become here, ``commits`` books them, ``undoing`` takes them back.
"""
