"""Activities for crmkit: what was done, what is due, and who is free."""
