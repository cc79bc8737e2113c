"""Every write: sessions, phases, moves, change log, outbox, links."""
