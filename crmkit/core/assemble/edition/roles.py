"""Roles and rules: the tables of both become declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import asdict

from crmkit.core.assemble.edition.stages import one_of
from crmkit.core.declare.access import LEVELS, Grant, Level, Role
from crmkit.core.declare.declarations import Rule

FIELD_LISTS = ("hides", "locks", "reveals")

if TYPE_CHECKING:
    from crmkit.core.assemble.edition.shape import GrantTable, RoleTable, RuleTable


def role_of(table: RoleTable) -> Role:
    """Return the declaration of a role.

    Raises:
        DeclarationError: if its name or a level can't be used.
    """
    grants = tuple(grant_of(entity, each) for entity, each in table.grants.items())
    return Role(name=table.name, label=table.label, grants=grants, reports=table.reports, commands=table.commands)


def grant_of(entity: str, table: GrantTable) -> Grant:
    """Return how far a role reaches into an entity."""
    given = asdict(table, filter=lambda each, _: each.name not in FIELD_LISTS)
    levels = {
        action: cast("Level", one_of(f"{entity}.{action.strip('_')}", str(level), LEVELS))
        for action, level in given.items()
        if level is not None
    }
    hides, locks, reveals = table.hides, table.locks, table.reveals
    return Grant(entity=entity, **levels, hides=hides, locks=locks, reveals=reveals)


def rule_of(table: RuleTable) -> Rule:
    """Return the declaration of a validation rule.

    Raises:
        DeclarationError: if its name can't be used.
    """
    return Rule(name=table.name, entity=table.entity, when=table.when, message=table.message, path=table.path)
