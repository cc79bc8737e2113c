"""Backups: everything a CRM keeps as one archive, at one consistent point, restored to either kind of database."""
