"""What happened on the desk, as it is told to people and programs."""
