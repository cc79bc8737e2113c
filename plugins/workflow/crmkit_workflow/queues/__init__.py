"""Queues: what waits for somebody to take care of it, and how it finds that somebody."""
