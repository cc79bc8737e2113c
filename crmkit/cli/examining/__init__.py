"""Examining: what the doctor looks at, and what it advises."""
