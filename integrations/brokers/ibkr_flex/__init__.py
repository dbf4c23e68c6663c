"""Interactive Brokers by its Flex Web Service: cash, positions and what happened, out of XML."""
