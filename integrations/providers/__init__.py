"""Sources of market data, one module per vendor."""
