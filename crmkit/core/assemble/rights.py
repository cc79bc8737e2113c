"""Rights: what the holder of some roles may do, as far as the Model alone says it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from crmkit.core.declare.access import Grant
from crmkit.core.declare.kinds import AnyRefKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.access import Action, Level
    from crmkit.core.declare.restrictions import Restriction

Levels = frozenset["Level"]
NOTHING: Final[Levels] = frozenset()
WITHIN: Final[dict[Level, Levels]] = {
    "none": frozenset({"own", "reports", "team", "tree", "agency", "all"}),
    "own": frozenset({"reports", "team", "tree", "agency", "all"}),
    "reports": frozenset({"all"}),
    "team": frozenset({"tree", "agency", "all"}),
    "tree": frozenset({"agency", "all"}),
    "agency": frozenset({"all"}),
    "all": frozenset(),
}
"""The levels that reach all that a level reaches, and more."""
OWN: Final[Levels] = frozenset({"own"})
WITH_ONES_OWN: Final[frozenset[Action]] = frozenset({"read", "create", "update", "delete", "move", "export", "import"})
"""What everybody may do with private records of their own, and nobody with others."""


class Rights:
    """The grants of some roles, united: what any of them allows is allowed. An unknown role allows nothing."""

    def __init__(self, model: Model, roles: tuple[str, ...]) -> None:
        self.model = model
        self.roles = roles
        self._levels: dict[tuple[str, Action], Levels] = {}
        self._hidden: dict[str, frozenset[str]] = {}
        self._locked: dict[str, frozenset[str]] = {}

    def grants(self, entity: str) -> list[tuple[str, Grant]]:
        """Return the grants that count for an entity, each with its role."""
        known = ((name, self.model.roles[name]) for name in self.roles if name in self.model.roles)
        return [(name, grant) for name, role in known if (grant := role.grant(entity)) is not None]

    @cached_property
    def audits(self) -> bool:
        """Whether the audit trail may be read."""
        return any(self.model.roles[name].audits for name in self.roles if name in self.model.roles)

    @cached_property
    def privacy(self) -> bool:
        """Whether persons may be exported and erased."""
        return any(self.model.roles[name].privacy for name in self.roles if name in self.model.roles)

    def restrictions(self, entity: str) -> tuple[Restriction, ...]:
        """Return the restrictions of an entity that bind whoever has these roles, and no others."""
        return tuple(each for each in self.model.restrictions.get(entity, ()) if not set(each.except_for) & self.held)

    @cached_property
    def held(self) -> frozenset[str]:
        """The names of the roles."""
        return frozenset(self.roles)

    def levels(self, entity: EntityModel, action: Action) -> Levels:
        """Return the levels that the actor reaches, those left out that another one of them takes in.

        None at all means that nothing is allowed. Parts of other records have no levels of their own.
        """
        if entity.declared.private:
            return OWN if action in WITH_ONES_OWN else NOTHING
        found = self._levels.get((entity.name, action))
        if found is None:
            given = (level for _, grant in self.grants(entity.name) for level in grant.levels(action))
            found = self._levels[entity.name, action] = widest(given)
        return found

    def hidden(self, entity: EntityModel) -> frozenset[str]:
        """Return the fields that the actor may not see: those that none of its roles that read the entity shows."""
        found = self._hidden.get(entity.name)
        if found is None:
            reading = self._grants_of_fields(entity, ("read",))
            hidden = (name for name, each in entity.fields.items() if not any(shows(grant, each) for grant in reading))
            found = self._hidden[entity.name] = frozenset(hidden) - {"id"}
        return found

    def locked(self, entity: EntityModel) -> frozenset[str]:
        """Return the fields that the actor may not give values: those that none of its roles that write it opens."""
        found = self._locked.get(entity.name)
        if found is None:
            writing = self._grants_of_fields(entity, ("create", "update", "move", "transfer"))
            hidden = self.hidden(entity)
            locked = (
                name
                for name, each in entity.writable.items()
                if (name in hidden and each.declared.privacy != "secret")
                or not any(opens(grant, each) for grant in writing)
            )
            found = self._locked[entity.name] = frozenset(locked)
        return found

    def sees(self, entity: EntityModel, field: FieldModel) -> bool:
        """Return whether the actor may see a field."""
        return field.name not in self.hidden(entity)

    @cached_property
    def sensitive(self) -> Mapping[str, frozenset[str]]:
        """The sensitive fields that the actor sees, by entity; entities without any are left out."""
        found = {
            name: frozenset(
                each.name
                for each in entity.fields.values()
                if each.declared.privacy == "sensitive" and self.sees(entity, each)
            )
            for name, entity in self.model.entities.items()
        }
        return {name: fields for name, fields in found.items() if fields}

    @cached_property
    def sees_everything(self) -> bool:
        """Whether no field of any entity is hidden."""
        return not any(map(self.hidden, self.model.entities.values()))

    def _grants_of_fields(self, entity: EntityModel, actions: tuple[Action, ...]) -> list[Grant]:
        """Return the grants that say what is seen, or written, of an entity: of the roles that may do so at all.

        A part of another record goes by the levels of its whole, and by its own fields.
        """
        found = []
        for name in self.roles:
            role = self.model.roles.get(name)
            allowed = role is not None and any(self.model.rights((name,)).may(entity, action) for action in actions)
            if role is not None and allowed:
                found.append(role.grant(entity.name) or Grant(entity=entity.name))
        return found or [Grant(entity=entity.name)]  # who may do nothing at all is told no more by its fields

    def may(self, entity: EntityModel, action: Action) -> bool:
        """Return whether there may be a record of the entity with which the actor may do this."""
        if entity.whole is None:
            return bool(self.levels(entity, "read")) and bool(self.levels(entity, action))
        kind = entity.whole.kind
        named = kind.targets if isinstance(kind, AnyRefKind) else (str(entity.whole.target),)
        wholes = [self.model.entities[name] for name in named or self.model.entities if name in self.model.entities]
        return any(self.may(each, action_on_whole(action)) for each in wholes if named or self._is_open(each))

    @staticmethod
    def _is_open(whole: EntityModel) -> bool:
        """Return whether what may be part of any record counts as part of these: not of parts, nor of private ones."""
        return whole.whole is None and not whole.declared.private


def shows(grant: Grant, field: FieldModel) -> bool:
    """Return whether a grant lets a field be seen; a secret is for programs only."""
    privacy = field.declared.privacy
    if field.name in grant.hides or privacy == "secret":
        return False
    return privacy != "sensitive" or grant.is_revealing(field.name)


def opens(grant: Grant, field: FieldModel) -> bool:
    """Return whether a grant lets a field be written, as far as it can be seen."""
    if field.declared.locked:
        return False
    if field.name in grant.locks or field.name in grant.hides:
        return False
    return field.declared.privacy != "secret" or grant.is_revealing(field.name)


def widest(levels: Iterable[Level]) -> Levels:
    """Return the levels that are not taken in by another one of them."""
    given = frozenset(levels) - {"none"}
    return frozenset(each for each in given if not WITHIN[each] & given)


def covers(wide: Levels, narrow: Levels) -> bool:
    """Return whether whatever is reached by the narrow levels is surely reached by the wide ones."""
    return all(each in wide or WITHIN[each] & wide for each in narrow)


def action_on_whole(action: Action) -> Action:
    """Return what one must be allowed to do with a record to do something with a part of it."""
    return action if action in {"read", "export"} else "update"
