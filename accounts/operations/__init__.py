"""Pages of staff: users, and everybody's audit trail."""
