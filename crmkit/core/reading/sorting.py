"""Sorting: what `order="customer.name, -created_at"` means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import FilterError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.paths import Path, PathFinder

MOST_KEYS = 5


@frozen(kw_only=True, eq=False)
class SortKey:
    """One path to sort by. None counts as smaller than every value."""

    path: Path
    is_descending: bool

    @property
    def text(self) -> str:
        """The key as it is written."""
        return f"-{self.path.text}" if self.is_descending else self.path.text

    @property
    def is_nullable(self) -> bool:
        """Whether there may be no value to sort by."""
        return self.path.text != "id"


def sort_keys(finder: PathFinder, entity: EntityModel, order: str | Sequence[str] | None) -> tuple[SortKey, ...]:
    """Return the keys of an order. The id is always the last one, so that no two records are equal.

    Raises:
        FilterError: if a path is unknown, hidden or can't be sorted by, or if there are more than five.
    """
    expression = order if isinstance(order, str) else ", ".join(map(str, order or ()))
    found: dict[str, SortKey] = {}
    position = 0
    for word in expression.split(",") if expression.strip() else ():
        name = word.strip()
        start = position + len(word) - len(word.lstrip())
        key = _sort_key(finder, entity, name, start, expression)
        found.setdefault(key.path.text, key)
        position += len(word) + 1
    if len(found) > MOST_KEYS:
        problem = _("Records are sorted by at most {most_keys} fields.", most_keys=MOST_KEYS)
        raise FilterError(expression=expression, position=0, problem=problem)
    keys = list(found.values())
    if "id" in found:
        return tuple(keys[: list(found).index("id") + 1])
    return (*keys, _id_key(finder, entity, is_descending=bool(keys) and keys[-1].is_descending))


def _sort_key(finder: PathFinder, entity: EntityModel, word: str, start: int, expression: str) -> SortKey:
    name = word[1:].lstrip() if word[:1] in {"-", "+"} else word
    start += len(word) - len(name)
    names = name.split(".")
    positions = [start + len(".".join(names[:index])) + (index > 0) for index in range(len(names))]
    path = finder.follow(entity, names, positions, expression)
    if not path.kind.is_sortable:
        problem = _("{name} can't be sorted by: it is {kind}.", name=name, kind=path.kind.name)
        raise FilterError(expression=expression, position=start, problem=problem)
    return SortKey(path=path, is_descending=word.startswith("-"))


def _id_key(finder: PathFinder, entity: EntityModel, *, is_descending: bool) -> SortKey:
    """Return the last key; it runs the way of the one before, so that an index can be read in one go."""
    return SortKey(path=finder.find(entity, "id"), is_descending=is_descending)
