"""Stubs: the types of one CRM's records and session, written down for editors and type checkers."""
