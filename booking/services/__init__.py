"""What changes booking rows."""
