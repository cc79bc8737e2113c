"""Duplicates: records that are likely to stand for the same thing, found when they are written, and afterwards."""
