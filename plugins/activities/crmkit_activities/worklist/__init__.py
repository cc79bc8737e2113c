"""The worklist: what waits for somebody, by kinds that any plugin adds."""
