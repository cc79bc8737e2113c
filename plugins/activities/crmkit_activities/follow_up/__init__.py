"""Follow-up: customers and contacts of a level are contacted again and again, by plans that a manager can change."""
