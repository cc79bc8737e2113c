"""Completeness: a score that says how much of what matters is known of a record."""
