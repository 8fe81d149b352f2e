"""Stands for Google: OAuth and the Calendar API v3."""
