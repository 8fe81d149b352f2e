"""What changes audit rows."""
