"""Commands that were refused; nothing was changed."""

from __future__ import annotations

from attrs import define, frozen

from crmkit.errors.root import CRMKitError, listed
from crmkit.translation import _, about, joined

MOST_LISTED = 100


class CommandError(CRMKitError):
    """A command was refused; nothing was changed."""


@frozen(kw_only=True)
class Refusal:
    """One reason for a refusal: the field path, a text for people, the plugin, and which record of a batch."""

    path: str
    text: str
    plugin: str = "core"
    index: int = 0


@define(kw_only=True, eq=False)
class Refused(CommandError):
    """A command was refused for the reasons in `refusals`; all of them, not just the first."""

    entity: str
    refusals: tuple[Refusal, ...]

    @property
    def message(self) -> str:
        """List the refusals with their paths, the first hundred of them."""
        listed = [about(each.path, each.text) for each in self.refusals[:MOST_LISTED]]
        more = len(self.refusals) - MOST_LISTED
        end = [_("And {count} more.", count=more)] if more > 0 else []
        return about(self.entity, joined([*listed, *end]))


@define(kw_only=True, eq=False)
class NotFoundError(CommandError):
    """There is no such record, or none that the actor may see."""

    entity: str
    id: object

    @property
    def message(self) -> str:
        """Name the record."""
        return _("There is no {entity} {id}.", entity=self.entity, id=self.id)


@define(kw_only=True, eq=False)
class SourceFailedError(CommandError):
    """Another system can't be read; `problem` names the error that is the cause of this one."""

    system: str
    problem: str

    @property
    def message(self) -> str:
        """Name the system and the error."""
        return _(
            "The system {system} can't be read ({problem}). Try again, or tell who looks after it.",
            system=self.system,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class AccessDeniedError(CommandError):
    """The actor may not do this."""

    action: str
    entity: str
    actor: str

    @property
    def message(self) -> str:
        """Name the action, the entity and the actor."""
        return _(
            "{actor} may not {action} this {entity}. Ask an administrator for a role that allows it.",
            actor=self.actor,
            action=self.action,
            entity=self.entity,
        )


@define(kw_only=True, eq=False)
class ConflictError(CommandError):
    """Somebody else changed the record since it was read."""

    entity: str
    id: int
    changed: tuple[str, ...]
    version: int

    @property
    def message(self) -> str:
        """Name the fields that changed and the current version."""
        return _(
            "{entity} {id} was changed by somebody else meanwhile ({fields}; now version {version}). "
            "Read it again and repeat the change.",
            entity=self.entity,
            id=self.id,
            fields=listed(self.changed),
            version=self.version,
        )


@define(kw_only=True, eq=False)
class MergedError(ConflictError):
    """Somebody else merged the record into another one since it was read; `into` is None if the actor can't see it."""

    into: int | None

    @property
    def message(self) -> str:
        """Name the record that it lives on in."""
        if self.into is None:
            return _("{entity} {id} was merged into another record meanwhile.", entity=self.entity, id=self.id)
        return _(
            "{entity} {id} was merged into {entity} {into} meanwhile. Read that one and repeat the change.",
            entity=self.entity,
            id=self.id,
            into=self.into,
        )


@define(kw_only=True, eq=False)
class PluginFailedError(CommandError):
    """A plugin's hook raised; the transaction is as it was before the command, or rolled back."""

    plugin: str
    hook: str
    problem: str

    @property
    def message(self) -> str:
        """Name the plugin, the hook and the problem."""
        return _(
            "Plugin {plugin!r} failed in {hook}: {problem}. Nothing was changed.",
            plugin=self.plugin,
            hook=self.hook,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class TooDeepError(CommandError):
    """Hooks kept triggering further writes."""

    hooks: tuple[str, ...]

    @property
    def message(self) -> str:
        """Show the chain."""
        return _(
            "Reactions triggered each other too deeply: {hooks}. One of these plugins must stop.",
            hooks=" > ".join(self.hooks),
        )
