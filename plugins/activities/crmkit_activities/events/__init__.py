"""Events: what is on the calendar, how it recurs, who takes part, and who is free."""
