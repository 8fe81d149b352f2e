"""`make bench`: figures against the budgets of the design, on PostgreSQL."""
