"""From a ticket to a recorded order: judged, sized, reserved, one or many at once."""
