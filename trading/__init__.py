"""Orders, the exchange inside Holdfast, and settlement."""
