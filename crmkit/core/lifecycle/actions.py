"""Actions: those that plugins register are looked up, their values checked, and they are done about a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.model import known
from crmkit.core.declare.actions import Action
from crmkit.core.reading.reports.running import function_of, parameter_values
from crmkit.errors import AccessDeniedError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def action_named(model: Model, name: str) -> Action:
    """Return an action.

    Raises:
        UnknownNameError: if no enabled plugin registers it.
    """
    return known({each.name: each for each, _plugin in model.of(Action)}, name, "action")


def problems_of(
    session: Session, action: Action, entity: EntityModel, given: Mapping[str, object]
) -> Iterator[Refusal]:
    """Yield what keeps an action from being done about records of an entity with these values, by parameter.

    What the values speak of is seen with the session's reach.
    """
    if action.entities and entity.name not in action.entities:
        text = _("It is for: {names}.", names=", ".join(action.entities))
        yield Refusal(path="entity", text=text)
    try:
        values = parameter_values(action.label, action.parameters, given, session.model.conventions)
    except Refused as refused:
        yield from refused.refusals
        return
    if action.check is not None:
        for path, text in function_of(action.check)(session, entity, values):  # type: ignore[attr-defined]
            yield Refusal(path=path, text=text)


def perform(session: Session, name: str, record: Record, given: Mapping[str, object]) -> None:
    """Do what an action says about a record, all of it or, if it raises, nothing; for programs and plugins.

    Raises:
        UnknownNameError: if no enabled plugin registers the action.
        AccessDeniedError: if the session has no system reach.
        Refused: if a value doesn't fit, or the record is of no entity that the action is for.
        Exception: whatever the action raises.
    """
    if not session.principal.reaches_all:
        raise AccessDeniedError(action=_("perform {name} about", name=name), entity="", actor=session.principal.name)
    action = action_named(session.model, name)
    entity = session.model.entity(record)
    found = tuple(problems_of(session, action, entity, given))
    if found:
        raise Refused(entity=action.label, refusals=found)
    values = parameter_values(action.label, action.parameters, given, session.model.conventions)
    session.unit.check_writable()
    with session.unit.savepoint():
        function_of(action.run)(session, record, **values)
