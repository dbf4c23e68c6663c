"""What an order meets besides other orders: the street, stops, and recorded flow."""
