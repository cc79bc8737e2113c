"""Clocks: how long something may take in business time, what pauses it, and who is told when it takes too long."""
