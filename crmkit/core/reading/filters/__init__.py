"""Filters: Python comparison expressions, checked against a model, compiled to SQL and to a function."""

from __future__ import annotations

from crmkit.core.reading.filters.filter import Filter
from crmkit.core.reading.filters.memory import predicate
from crmkit.core.reading.filters.parse import parse

__all__ = ["Filter", "parse", "predicate"]
