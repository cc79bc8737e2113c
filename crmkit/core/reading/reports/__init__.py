"""What a report gives: a typed table, and every form in which people and programs read it."""
