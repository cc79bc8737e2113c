"""Filters that fit an entity: their conditions, and their constants in slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import FilterError, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.context import ReadContext
    from crmkit.core.reading.filters.conditions import Condition
    from crmkit.core.reading.filters.constants import Constant
    from crmkit.core.reading.paths import Path


@frozen(kw_only=True, eq=False)
class Slot:
    """A constant of a filter and how it is read for the path that it is compared with.

    Attributes:
        value: what was read, if it is the same always.
    """

    constant: Constant
    read: Callable[[object], object]
    value: object = None


@frozen(kw_only=True, eq=False)
class Filter:
    """A filter that fits an entity: its conditions, and the constants in their slots.

    Attributes:
        expression: the text it was read from.
        paths: all paths it names, so that a caller can fetch what they lead to.
    """

    expression: str
    entity: EntityModel
    condition: Condition
    slots: tuple[Slot, ...]
    paths: tuple[Path, ...]
    conventions: Conventions

    def values(self, context: ReadContext, given: Mapping[str, object] | None = None) -> tuple[object, ...]:
        """Return the values of all slots for a context and the given values.

        Raises:
            FilterError: if a given value is missing, or doesn't fit the field it is compared with.
        """
        given = given or {}
        return tuple(
            slot.value if slot.constant.is_static else self._read(slot, slot.constant.evaluate(context, given))
            for slot in self.slots
        )

    def _read(self, slot: Slot, value: object) -> object:
        try:
            return None if value is None else slot.read(value)
        except InvalidValue as error:
            raise FilterError(expression=self.expression, position=slot.constant.position, problem=str(error)) from None
