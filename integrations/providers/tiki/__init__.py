"""Minutes of Tiki."""
