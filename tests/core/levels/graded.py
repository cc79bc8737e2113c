"""A plugin for the tests of levels: rules for the level and the category of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import LevelRule, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield the rules."""
    yield LevelRule(name="large", entity="customer", field="level", value="a", when="employees >= 1000")
    yield LevelRule(name="medium", entity="customer", field="level", value="b", when="employees >= 50")
    yield LevelRule(name="small", entity="customer", field="level", value="c")
    yield LevelRule(
        name="lost", entity="customer", field="category", value="lost", when="created_at < now() - days(365)"
    )
    yield LevelRule(name="key", entity="customer", field="category", value="key", when="parent.level == 'a'")
