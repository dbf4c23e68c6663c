"""What money is worth in other money."""
