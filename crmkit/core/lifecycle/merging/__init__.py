"""Merging: records that stand for the same thing become one, with everything that refers to them; and back again."""
