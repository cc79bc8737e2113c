"""The reports that the core ships, one file each."""
