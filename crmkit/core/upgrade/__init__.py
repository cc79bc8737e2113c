"""The life of plugins in a database: what an upgrade, a disabling or a purge would do, and doing it."""
