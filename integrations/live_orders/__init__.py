"""Orders with real money at a broker, through armed connections; see docs/live-orders.md."""
