"""Business calendars: when it is open, and how much open time passes."""
