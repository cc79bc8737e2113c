"""Grouping: what the rows of a report stand for, such as owners, teams, products or months."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.kinds import Choice, MoneyKind
from crmkit.core.declare.names import as_label
from crmkit.core.declare.values import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.paths import Path

Group = tuple[object, ...]

SHORT: Mapping[str, tuple[str, ...]] = {
    "team": ("owner.team",),
    "industry": ("customer.industry",),
    "city": ("customer.city",),
    "country": ("customer.country",),
    "month": ("closed_on.year", "closed_on.month"),
    "quarter": ("closed_on.year", "closed_on.quarter"),
    "year": ("closed_on.year",),
}
"""Short names for what opportunities are often grouped by. Any other field or dotted path stands for itself."""
PERIODS = frozenset({"month", "quarter", "year"})


def choices(*names: str) -> tuple[Choice, ...]:
    """Return short names as the choices of a parameter."""
    return tuple(Choice(name, as_label(name)) for name in names)


@frozen(kw_only=True)
class Grouping:
    """What rows stand for.

    Attributes:
        paths: the paths whose values make a group.
        label: the heading of the column with the groups' names.
        path: the last of the paths, as it was found.
    """

    name: str
    paths: tuple[str, ...]
    label: str
    path: Path

    @property
    def is_period(self) -> bool:
        """Whether groups come one after the other in time."""
        return self.name in PERIODS

    def names(self, session: Session, groups: Iterable[Group]) -> dict[Group, str | None]:
        """Return what people call each group; None for that of the records without a value."""
        groups = list(groups)
        if self.is_period:
            return {group: period_name(self.name, group) for group in groups}
        target = self.path.field.target if self.path.part is None else None
        if target is not None:
            return titles(session, session.model.entities[target], groups)
        return {group: None if group[0] is None else self.value_name(session, group[0]) for group in groups}

    def value_name(self, session: Session, value: object) -> str:
        """Return a value as people read it; amounts are grouped by their worth in the base currency."""
        conventions = session.model.conventions
        if isinstance(value, Decimal) and isinstance(self.path.kind, MoneyKind):
            value = Money(amount=value, currency=conventions.currency)
        return self.path.kind.format(value, conventions)


def grouping(session: Session, entity: EntityModel, name: str) -> Grouping:
    """Return the grouping that a short name, or a path of the entity, stands for.

    Raises:
        FilterError: if it is neither.
    """
    paths = SHORT.get(name, (name,))
    path = session.reader.finder.find(entity, paths[-1])
    label = as_label(name) if name in SHORT else path.field.label
    return Grouping(name=name, paths=paths, label=label, path=path)


def period_name(name: str, group: Group) -> str | None:
    """Return a year, quarter or month as it is written: 2017, 2017 Q1, 2017-03."""
    if None in group:
        return None
    forms = {"year": "{:04}", "quarter": "{:04} Q{}", "month": "{:04}-{:02}"}
    return forms[name].format(*group)


def titles(session: Session, entity: EntityModel, groups: Iterable[Group]) -> dict[Group, str | None]:
    """Return the titles of records; one that the actor may not see goes by its number."""
    groups = list(groups)
    numbers = {group: int(group[0]) for group in groups if isinstance(group[0], int)}
    records = session.by_id(entity, numbers.values())
    found: dict[Group, str | None] = dict.fromkeys(groups)
    for group, number in numbers.items():
        title = dict(records[number].items()).get(entity.declared.title) if number in records else None
        found[group] = str(title or f"{entity.label} {number}")
    return found
