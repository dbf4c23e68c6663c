"""A portfolio's books as plain files, and back."""
