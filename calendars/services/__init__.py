"""What changes calendars rows."""
