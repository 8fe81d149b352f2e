"""LiveKit: its room service over twirp, and the page on which people would meet."""
