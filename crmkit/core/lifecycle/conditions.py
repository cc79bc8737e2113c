"""Conditions on drafts: rules and gates, asked in memory of the values that a record is about to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.declarations import Rule
from crmkit.core.declare.levels import LevelRule
from crmkit.core.declare.restrictions import Restriction
from crmkit.core.reading.filters import parse, predicate
from crmkit.errors import DeclarationError, FilterError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session


def holds(session: Session, entity: EntityModel, condition: str, draft: Draft) -> bool:
    """Return whether a filter expression holds for what the draft is about to become, with system reach.

    Dotted paths lead to records as they are now.

    Raises:
        FilterError: if the expression is wrong.
    """
    context = session.elevated.reader.context
    key = ("condition", entity.name, condition)
    parsed = session.statements.plans.get(key, lambda: parse(session.model, entity, condition))
    test = predicate(parsed, context)
    return test(lambda path: value_of(session, entity, draft, path))


def value_of(session: Session, entity: EntityModel, draft: Draft, path: tuple[str, ...]) -> object:
    """Return the value at the end of a path of references, None if it leads nowhere."""
    found = draft.get(path[0])
    for name in path[1:]:
        if not isinstance(found, int):
            return None
        entity = session.model.entities[str(entity.fields[path[0]].target)]
        record = session.elevated.by_id(entity, [int(found)]).get(int(found))
        if record is None:
            return None
        found, path = getattr(record, name), path[1:]
    return found


def check_conditions(model: Model) -> None:
    """Read every rule and every gate once, so that a mistake shows before a record meets it.

    Raises:
        DeclarationError: naming the rule or stage and its plugin, and pointing at the mistake.
    """
    from crmkit.core.reading.restricting import problem_of

    for rule, plugin in model.of(Rule):
        check_condition(model, rule.entity, rule.when, _("rule {rule!r}", rule=rule.name), plugin)
    for level, plugin in model.of(LevelRule):
        if level.when:
            check_condition(model, level.entity, level.when, _("level rule {rule!r}", rule=level.name), plugin)
    for restriction, plugin in model.of(Restriction):
        subject = _("restriction {name!r}", name=restriction.name)
        check_condition(model, restriction.entity, restriction.where, subject, plugin)
        problem = problem_of(model, restriction)
        if problem:
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)
    for pipeline in model.pipelines.values():
        for each in pipeline.stages:
            subject = _("stage {name!r} of {pipeline!r}", name=each.name, pipeline=pipeline.name)
            for gate in (*each.stage.entry, *each.stage.leave):
                check_condition(model, pipeline.entity, gate.condition, subject, each.provider)


def check_condition(model: Model, entity: str, condition: str, subject: str, plugin: str) -> None:
    """Read one condition."""
    try:
        parse(model, model.entities[entity], condition)
    except FilterError as error:
        raise DeclarationError(subject=subject, problem=str(error), plugin=plugin) from None
