"""Custom fields: definitions that are records, and the Model that they make of the plugins' one."""
