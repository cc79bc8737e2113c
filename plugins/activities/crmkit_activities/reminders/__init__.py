"""Reminders: of a moment, or of a while before the day or moment of a record, wherever that is moved."""
