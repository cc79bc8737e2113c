"""Escalations: what is left undone for too long is brought before others, level by level, each once."""
