"""What the terminal app shows and does, without a terminal: pure functions and small models."""
