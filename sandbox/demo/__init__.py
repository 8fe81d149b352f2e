"""The demo: its settings, its scene, its mailbox and its pages. Never in production."""
