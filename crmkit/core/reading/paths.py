"""Paths: `customer.owner.name` followed from an entity through its references to a field, or a part of one."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NoReturn

from attrs import frozen

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.declare.names import nearest
from crmkit.core.reading.parts import parts_of
from crmkit.errors import FilterError, listed
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.reading.context import Visible
    from crmkit.core.reading.parts import FieldPart

MOST_HOPS = 5
STAGE_PARTS = {"name": "stage", "kind": "stage_kind", "since": "stage_since"}


@frozen(kw_only=True, eq=False)
class Path:
    """Where a value is found, seen from an entity.

    Attributes:
        text: the path as it was written.
        hops: the references that are followed, from the first on.
        entity: the entity that has the field.
        part: the part of the field that is meant, or None for all of it.
    """

    text: str
    hops: tuple[FieldModel, ...]
    entity: EntityModel
    field: FieldModel
    part: FieldPart | None

    @property
    def kind(self) -> Kind:
        """The kind of the value."""
        return self.part.kind if self.part else self.field.kind

    @property
    def hop_names(self) -> tuple[str, ...]:
        """The names of the references that are followed."""
        return tuple(hop.name for hop in self.hops)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that lead to the whole field: what a getter of values is asked for."""
        return (*self.hop_names, self.field.name)

    def value(self, whole: object, conventions: Conventions) -> object:
        """Return what the path means in the value of its field."""
        if whole is None or self.part is None:
            return whole
        return self.part.extract(whole, conventions)


class PathFinder:
    """Follows paths in a model, through those fields only that the reader may see.

    A field that is hidden and one that doesn't exist give the same error, which names neither.
    """

    def __init__(self, model: Model, visible: Visible | None = None) -> None:
        self.model = model
        self.visible = visible

    def find(self, entity: EntityModel, text: str) -> Path:
        """Return the path that a text such as `customer.name` means.

        Raises:
            FilterError: pointing at the name that leads nowhere.
        """
        if not isinstance(text, str):
            raise FilterError(expression=str(text), position=0, problem=_("A field is named by a text."))
        names = text.split(".")
        starts = accumulate((len(name) + 1 for name in names[:-1]), initial=0)
        return self.follow(entity, names, list(starts), text)

    def follow(self, entity: EntityModel, names: Sequence[str], positions: Sequence[int], expression: str) -> Path:
        """Return the path of some names, each at its position of an expression.

        Raises:
            FilterError: pointing at the name that leads nowhere.
        """
        hops: list[FieldModel] = []
        for index, name in enumerate(names):
            field = self._field(entity, name, positions[index], expression)
            rest = names[index + 1 :]
            if field.target is None or not rest:
                break
            if index == MOST_HOPS:
                self._fail(
                    expression,
                    positions[index],
                    _("A path follows at most {most_hops} references.", most_hops=MOST_HOPS),
                )
            hops.append(field)
            entity = self.model.entities[field.target]
        else:
            self._fail(expression, positions[0] if positions else 0, _("A field is missing here."))
        field, part = self._part(entity, field, rest, positions[index + 1 :], expression)
        return Path(text=".".join(names), hops=tuple(hops), entity=entity, field=field, part=part)

    def _field(self, entity: EntityModel, name: str, position: int, expression: str) -> FieldModel:
        field = entity.fields.get(name)
        if field is None or not self.sees(entity, field):
            seen = [each.name for each in entity.fields.values() if self.sees(entity, each)]
            self._unknown(
                expression, position, _("{entity} has no field {name!r}.", entity=entity.name, name=name), name, seen
            )
        return field

    def sees(self, entity: EntityModel, field: FieldModel) -> bool:
        """Return whether the reader may see a field."""
        if self.visible is None:
            return not field.is_secret
        return field.name == "id" or self.visible(entity, field)

    def _part(
        self, entity: EntityModel, field: FieldModel, rest: Sequence[str], positions: Sequence[int], expression: str
    ) -> tuple[FieldModel, FieldPart | None]:
        if not rest:
            return field, None
        if entity.staged and field.name == "stage" and rest[0] in STAGE_PARTS:
            field = self._field(entity, STAGE_PARTS[rest[0]], positions[0], expression)
            return self._part(entity, field, rest[1:], positions[1:], expression)
        parts = parts_of(field.kind)
        if rest[0] not in parts or len(rest) > 1:
            place = positions[1] if rest[0] in parts else positions[0]
            if isinstance(field.kind, AnyRefKind) and rest[0] not in parts:
                problem = _(
                    "{field} may refer to records of several entities, so a path can't go on from it.", field=field.name
                )
                self._fail(expression, place, problem)
            wrong = rest[1] if rest[0] in parts else rest[0]
            self._unknown(
                expression, place, _("{field} has no part {wrong!r}.", field=field.name, wrong=wrong), wrong, parts
            )
        return field, parts[rest[0]]

    def _unknown(self, expression: str, position: int, problem: str, name: str, known: Iterable[str]) -> NoReturn:
        known = list(known)
        close = nearest(name, known)
        hint = _(" Did you mean {close!r}?", close=close) if close else _(" There are: {names}.", names=listed(known))
        self._fail(expression, position, problem + hint)

    @staticmethod
    def _fail(expression: str, position: int, problem: str) -> NoReturn:
        raise FilterError(expression=expression, position=position, problem=problem)
