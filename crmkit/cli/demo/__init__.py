"""The demonstration: a CRM with a year of invented business, worked through like a real one."""
