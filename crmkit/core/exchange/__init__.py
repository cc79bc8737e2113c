"""Import, export and mappings."""
