"""The shared entities, said through the same declarations as any plugin's."""
