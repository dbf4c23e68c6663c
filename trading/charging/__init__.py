"""What each portfolio pays for its orders."""
