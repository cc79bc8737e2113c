"""Benchmarks: the same work by crmkit, by hand-written SQLAlchemy Core and by the bare driver, compared as ratios."""
