"""Orders and fills as pages, charts and files show them."""
