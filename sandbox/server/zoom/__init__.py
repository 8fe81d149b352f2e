"""Stands for Zoom: OAuth and the meetings API v2."""
