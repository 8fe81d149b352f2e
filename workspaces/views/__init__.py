"""Staff pages about the workspace itself."""
