"""From what somebody reports to entries: shapes, rules, names, rates, and undoing."""
