"""Ownership: whose a record is, how it came to be, and the one service through which it changes."""
