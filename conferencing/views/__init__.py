"""Pages of conferencing."""
