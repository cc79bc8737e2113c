"""From what plugins say to one immutable Model."""
