"""What changes people and workspaces."""
