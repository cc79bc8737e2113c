"""Watches: users are told when a figure reaches a value, once until they ask for it again."""
