"""iCalendar (RFC 5545): calendars that come in from files, and go out to them."""
