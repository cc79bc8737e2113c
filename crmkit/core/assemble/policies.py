"""Policies: who may run a report or a command, or look up elsewhere. Each must say it; else it is a load error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.access import EVERYTHING, Role
from crmkit.core.declare.declarations import Command, Report
from crmkit.core.declare.external_sources import ExternalSource
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model
    from crmkit.core.assemble.rights import Rights


def may_run(rights: Rights, declared: Report | Command | ExternalSource) -> bool:
    """Return whether somebody with these rights may run a report or a command, or look up in an external source.

    It is public, or it is for roles, of which the actor must have one, or which grant it by name; a report or a source
    is also for those only who may read something of what it is about.
    """
    if not isinstance(declared, Command) and declared.reads:
        entities = (rights.model.entities[name] for name in declared.reads)
        if not any(rights.may(each, "read") for each in entities):
            return False
        if not declared.roles:
            return True
    return declared.public or bool(set(rights.roles) & set(declared.roles)) or is_granted(rights, declared)


def is_granted(rights: Rights, declared: Report | Command | ExternalSource) -> bool:
    """Return whether one of the roles grants a report or a command by name, or all of them; sources are not granted."""
    if isinstance(declared, ExternalSource):
        return False
    roles = [rights.model.roles[name] for name in rights.roles if name in rights.model.roles]
    granted = [each.reports if isinstance(declared, Report) else each.commands for each in roles]
    return any(declared.name in names or EVERYTHING in names for names in granted)


def check_policies(model: Model) -> None:
    """Refuse reports and commands that don't say who may run them, and grants of ones that don't exist.

    Raises:
        DeclarationError: naming it and its plugin.
    """
    for report, plugin in model.of(Report):
        if not (report.reads or report.roles or report.public):
            text = _("it doesn't say who may run it: give reads=, roles= or public=True.")
            raise DeclarationError(subject=_("report {report!r}", report=report.name), problem=text, plugin=plugin)
    for command, plugin in model.of(Command):
        if not (command.roles or command.public):
            text = _("it doesn't say who may run it: give roles= or public=True.")
            raise DeclarationError(subject=_("command {command!r}", command=command.name), problem=text, plugin=plugin)
    for role, plugin in model.of(Role):
        for names, known in ((role.reports, model.reports), (role.commands, model.commands)):
            unknown = sorted(set(names) - set(known) - {EVERYTHING})
            if unknown:
                text = _("it grants {name!r}, which no enabled plugin declares.", name=unknown[0])
                raise DeclarationError(subject=_("role {role!r}", role=role.name), problem=text, plugin=plugin)
