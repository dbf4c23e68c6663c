"""Settings by concern; ``config.settings`` takes in all of them."""
