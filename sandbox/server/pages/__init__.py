"""Pages that people see: consent, the overview and the pretend meeting rooms."""
