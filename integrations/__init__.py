"""Everything outside: price providers and brokers behind the protocols declared below."""
