"""Every error a user of crmkit can meet, one class per case, each saying what happened, to whom, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


class CRMKitError(Exception):
    """Root of all errors that crmkit raises on purpose."""

    @property
    def message(self) -> str:
        """The whole message, as one or more sentences."""
        return str(self.args[0]) if self.args else type(self).__name__

    def __str__(self) -> str:
        return self.message


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence, in a stable order."""
    return ", ".join(sorted(names)) or "none"


class AssemblyError(CRMKitError):
    """Plugins or declarations don't fit together; nothing was loaded and no database was touched."""


@define(kw_only=True, eq=False)
class DeclarationError(AssemblyError):
    """One declaration is wrong in itself."""

    subject: str
    problem: str
    plugin: str | None = None

    @property
    def message(self) -> str:
        """Say which declaration of which plugin is wrong."""
        owner = f" (plugin {self.plugin!r})" if self.plugin else ""
        return f"{self.subject}{owner}: {self.problem}"


@define(kw_only=True, eq=False)
class ClashError(AssemblyError):
    """Two plugins say different things about one part of the model."""

    subject: str
    plugins: tuple[str, str]

    @property
    def message(self) -> str:
        """Name the part and both plugins."""
        first, second = self.plugins
        return (
            f"{self.subject} is declared differently by the plugins {first!r} and {second!r}. "
            "Rename it in one of them, or disable one."
        )


@define(kw_only=True, eq=False)
class UnknownPluginError(AssemblyError):
    """A plugin is asked for that is not installed."""

    plugin: str
    wanted_by: str
    known: tuple[str, ...]
    nearest: str | None = None

    @property
    def message(self) -> str:
        """Name the plugin, who wants it and what is installed."""
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return (
            f"Plugin {self.plugin!r}, wanted by {self.wanted_by}, is not installed.{hint} "
            f"Installed: {listed(self.known)}. Install it, or take it off the list."
        )


@define(kw_only=True, eq=False)
class PluginCycleError(AssemblyError):
    """Plugins require each other in a circle."""

    plugins: tuple[str, ...]

    @property
    def message(self) -> str:
        """Show the circle."""
        return f"Plugins depend on each other in a circle: {' -> '.join(self.plugins)}. Remove one requirement."


@define(kw_only=True, eq=False)
class IncompatiblePluginError(AssemblyError):
    """A plugin does not fit the version of crmkit, or of a plugin it requires."""

    plugin: str
    needs: str
    found: str

    @property
    def message(self) -> str:
        """Say what the plugin needs and what is there."""
        return f"Plugin {self.plugin!r} needs {self.needs}, found {self.found}. Install fitting versions."


@define(kw_only=True, eq=False)
class PluginLoadError(AssemblyError):
    """A plugin's module can't be imported, or is not a plugin."""

    plugin: str
    problem: str

    @property
    def message(self) -> str:
        """Name the plugin and the problem."""
        return f"Plugin {self.plugin!r} can't be loaded: {self.problem}"


@define(kw_only=True, eq=False)
class EditionError(AssemblyError):
    """An edition file (`crmkit.toml`) says something that can't be understood; all problems at once."""

    path: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List every problem of the file."""
        return f"{self.path}: " + "; ".join(self.problems)


class DatabaseError(CRMKitError):
    """The database can't be used as it is."""


@define(kw_only=True, eq=False)
class UpgradeNeeded(DatabaseError):  # noqa: N818  (the architecture's own name)
    """The database does not match the assembled plugins."""

    changes: tuple[str, ...]

    @property
    def message(self) -> str:
        """Say what an upgrade would do."""
        return "The database does not match the plugins: " + "; ".join(self.changes) + ". Run `crmkit upgrade`."


@define(kw_only=True, eq=False)
class UnpreparedEngineError(DatabaseError):
    """A host's SQLite engine is used without having been prepared."""

    url: str

    @property
    def message(self) -> str:
        """Say what to call."""
        return (
            f"The SQLite engine {self.url} has not been prepared: with the driver's defaults, updates get lost. "
            "Call crmkit.prepare_sqlite(engine) right after create_engine()."
        )


@define(kw_only=True, eq=False)
class UnsupportedDatabaseError(DatabaseError):
    """The URL names a database that crmkit does not run on."""

    dialect: str

    @property
    def message(self) -> str:
        """Name what is supported."""
        return f"{self.dialect} is not supported. Use SQLite or PostgreSQL 15 or newer."


@define(kw_only=True, eq=False)
class ConnectionFailed(DatabaseError):  # noqa: N818
    """The database can't be reached."""

    url: str
    problem: str

    @property
    def message(self) -> str:
        """Name the database (without its password) and the driver's words."""
        return f"The database {self.url} can't be reached: {self.problem}"


class SessionError(CRMKitError):
    """A session is used in a way that it can't be."""


@define(kw_only=True, eq=False)
class UnknownActorError(SessionError):
    """The actor of a session is not a known, active user."""

    actor: str

    @property
    def message(self) -> str:
        """Name the actor."""
        return (
            f"There is no active user {self.actor!r}. Create one (external_id={self.actor!r}), or make the first one "
            f"with crm.upgrade(admin={self.actor!r})."
        )


class SessionClosedError(SessionError):
    """A session is used outside its `with` block."""

    @property
    def message(self) -> str:
        """Say how a session is used."""
        return "This session is not open. Use it inside `with crm.session(actor=...) as session:`."


class SessionDoomedError(SessionError):
    """A command failed after it had begun to write, so this transaction can only be rolled back."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return (
            "A command of this session failed after it had begun to write; nothing of it is kept. Start a new session."
        )


class ReadOnlyError(SessionError):
    """A write is tried in a read-only session."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return "This session is read-only. Open one without readonly=True to write."


@define(kw_only=True, eq=False)
class KeyReusedError(SessionError):
    """An idempotency key comes back with another command."""

    key: str

    @property
    def message(self) -> str:
        """Name the key."""
        return f"The idempotency key {self.key!r} was used before for a different command. Use a new key."


class CommandError(CRMKitError):
    """A command was refused; nothing was changed."""


@frozen(kw_only=True)
class Refusal:
    """One reason why a record was refused: the field path, a text for people, who said so, and which record of a batch."""

    path: str
    text: str
    plugin: str = "core"
    index: int = 0


@define(kw_only=True, eq=False)
class Refused(CommandError):  # noqa: N818
    """A command was refused for the reasons in `refusals`; all of them, not just the first."""

    entity: str
    refusals: tuple[Refusal, ...]

    @property
    def message(self) -> str:
        """List every refusal with its path."""
        return f"{self.entity}: " + " ".join(f"{each.path}: {each.text}" for each in self.refusals)


@define(kw_only=True, eq=False)
class NotFoundError(CommandError):
    """There is no such record, or none that the actor may see."""

    entity: str
    id: object

    @property
    def message(self) -> str:
        """Name the record."""
        return f"There is no {self.entity} {self.id}."


@define(kw_only=True, eq=False)
class AccessDeniedError(CommandError):
    """The actor may not do this."""

    action: str
    entity: str
    actor: str

    @property
    def message(self) -> str:
        """Name the action, the entity and the actor."""
        return f"{self.actor} may not {self.action} this {self.entity}. Ask an administrator for a role that allows it."


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
        return (
            f"{self.entity} {self.id} was changed by somebody else meanwhile ({listed(self.changed)}; "
            f"now version {self.version}). Read it again and repeat the change."
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
        return f"Plugin {self.plugin!r} failed in {self.hook}: {self.problem}. Nothing was changed."


@define(kw_only=True, eq=False)
class TooDeepError(CommandError):
    """Hooks kept triggering further writes."""

    hooks: tuple[str, ...]

    @property
    def message(self) -> str:
        """Show the chain."""
        return f"Reactions triggered each other too deeply: {' > '.join(self.hooks)}. One of these plugins must stop."


@define(kw_only=True, eq=False)
class FilterError(CRMKitError):
    """A filter expression is wrong; `position` counts characters from 0."""

    expression: str
    position: int
    problem: str

    @property
    def message(self) -> str:
        """Point at the position."""
        start = max(0, self.position - 40)
        shown = self.expression[start : self.position + 40]
        return f"{self.problem} At character {self.position + 1}: {shown!r}."


@define(kw_only=True, eq=False)
class FieldHidden(CRMKitError):  # noqa: N818
    """A field is read that the actor may not see, or that was not loaded."""

    entity: str
    name: str

    @property
    def message(self) -> str:
        """Name the field."""
        return f"The field {self.name!r} of this {self.entity} is hidden from this session's actor."


@define(kw_only=True, eq=False)
class UnknownNameError(CRMKitError):
    """A name (of an entity, field, stage, report, setting...) is not known to the assembled model."""

    sort: str
    name: str
    known: tuple[str, ...] = ()
    nearest: str | None = None

    @property
    def message(self) -> str:
        """Name it, and the nearest known name."""
        if self.nearest:
            return f"There is no {self.sort} {self.name!r}. Did you mean {self.nearest!r}?"
        return f"There is no {self.sort} {self.name!r}. Known: {listed(self.known)}."


class InvalidValue(CRMKitError, ValueError):  # noqa: N818
    """A value does not fit its field; the text says why and what would fit."""
