"""Who calls and what he may: users, tiers, keys, and the frame around every request."""
