"""Privacy: what there is of a person, told to that person, and forgotten."""
