"""How each language writes dates and times: Django looks here before its own formats."""
