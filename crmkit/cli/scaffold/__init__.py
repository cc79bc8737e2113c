"""The scaffold of a plugin: the files of a distribution whose tests pass."""
