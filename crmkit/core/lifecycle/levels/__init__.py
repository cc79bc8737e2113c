"""Levels: values that follow from rules, unless somebody has given them by hand."""
