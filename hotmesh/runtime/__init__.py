"""The loops: what performs the effects of steps, and what waits for events."""
