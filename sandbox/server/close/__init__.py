"""Stands for Close: leads, contacts, notes and the search for them."""
