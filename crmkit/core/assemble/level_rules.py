"""Level rules that fit the fields they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import ChoiceKind, RefKind
from crmkit.core.declare.levels import HAND, RULE, LevelRule
from crmkit.errors import DeclarationError, InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_level(model: Model, rule: LevelRule, plugin: str) -> None:
    """Refuse a level rule whose field can't have the value, or has no choice of hand and rule beside it."""
    fields = model.entities[rule.entity].fields
    kind, by = fields[rule.field].kind, fields[rule.by].kind
    problem: str | None = None
    if not isinstance(by, ChoiceKind) or not {HAND, RULE} <= {each.name for each in by.choices}:
        problem = _("{by} must be a choice of hand and rule.", by=rule.by)
    elif isinstance(kind, RefKind) and kind.target != "category":
        problem = _("{field} refers to no category.", field=rule.field)
    elif not isinstance(kind, RefKind):
        try:
            kind.parse(rule.value, model.conventions)
        except InvalidValue as error:
            problem = str(error)
    if problem is not None:
        raise DeclarationError(subject=_("level rule {rule!r}", rule=rule.name), problem=problem, plugin=plugin)
