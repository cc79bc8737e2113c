"""Access: roles, and the grants by which a role says what its holders may do."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

Level = Literal["none", "own", "reports", "team", "tree", "agency", "all"]
Action = Literal["read", "create", "update", "delete", "move", "share", "transfer", "export", "import"]
LEVELS: tuple[Level, ...] = get_args(Level)
ACTIONS: tuple[Action, ...] = get_args(Action)
EVERYTHING = "*"


@frozen(kw_only=True)
class Grant:
    """How far a role reaches into one entity (`*` for all that are not named), per action.

    Levels: `none`; `own`: what the actor owns; `reports`: that, and what those own who report to it, directly or not;
    `team`: what the actor's team owns; `tree`: that, and what the teams below own; `agency`: that, and what is
    registered to the actor's agency; `all`.

    Attributes:
        move: moving through stages; None means as `update`.
        transfer: giving a record to another owner.
        export: writing to files; None means as `read`.
        import_: whether files may be imported (any level but `none`); None means as `create` and `update`.
        hides: fields that can't be seen, written or asked for; nothing tells that they are there.
        locks: fields that can be seen but not written.
        reveals: sensitive fields that can be seen, and secret ones that can be written; `*` for all of the entity.
    """

    entity: str
    read: Level = "none"
    create: Level = "none"
    update: Level = "none"
    delete: Level = "none"
    move: Level | None = None
    share: Level = "none"
    transfer: Level = "none"
    export: Level | None = None
    import_: Level | None = None
    hides: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields that it speaks of."""
        return tuple(name for name in (*self.hides, *self.locks, *self.reveals) if name != EVERYTHING)

    def is_revealing(self, name: str) -> bool:
        """Return whether it reveals a field."""
        return name in self.reveals or EVERYTHING in self.reveals

    def levels(self, action: Action) -> tuple[Level, ...]:
        """Return the levels that count for an action; the widest of them does."""
        if action == "move":
            return (self.move or self.update,)
        if action == "export":
            return (self.export or self.read,)
        if action == "import":
            return (self.import_,) if self.import_ else (self.create, self.update)
        found: Level = getattr(self, action)
        return (found,)


@frozen(kw_only=True)
class Role:
    """A named set of grants. A user may have several roles; what any of them allows is allowed.

    Attributes:
        reports, commands: those that its holders may run beyond what each says itself; `*` for all.
        audits: whether its holders may read the audit trail.
        privacy: whether its holders may export and erase persons.
    """

    name: str
    label: str = field(default="", converter=as_text)
    grants: tuple[Grant, ...] = ()
    reports: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    audits: bool = False
    privacy: bool = False

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "role")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))

    def grant(self, entity: str) -> Grant | None:
        """Return the grant for an entity, or the one for all that are not named."""
        named = {each.entity: each for each in self.grants}
        return named.get(entity) or named.get(EVERYTHING)
