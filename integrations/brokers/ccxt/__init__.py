"""A hundred exchanges for coins by the library ccxt: balances, trades and movements are read."""
