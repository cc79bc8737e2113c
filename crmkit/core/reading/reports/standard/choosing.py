"""Choosing: which records a report is about, from the parameters that several reports share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.values import ref_class
from crmkit.errors import AccessDeniedError, Refusal, Refused, listed
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session
    from crmkit.translation import Text

ME = "me"
LONGEST_ID = 18
MOST_SHOWN = 5


@frozen(kw_only=True)
class Choice:
    """A filter expression and the values it speaks of as `given.name`."""

    where: str | None
    given: Mapping[str, object]


def chosen(
    session: Session, entity: EntityModel, where: str | None, *own: str, tests: Mapping[str, object] | None = None
) -> Choice:
    """Return the choice of the records that meet a person's filter, a report's own filters and its tests.

    A test is an expression, in which `given.value` stands for the value beside it; without a value it is left out.

    Raises:
        FilterError: pointing at what is wrong in the person's filter.
    """
    expressions = list(own)
    if where is not None and where.strip():
        session.reader.execution.filter(entity, where)  # read alone, so that it can't reach out of its parentheses
        expressions.append(f"({where.strip()})")
    given: dict[str, object] = {}
    for number, (expression, value) in enumerate((tests or {}).items()):
        if value is not None:
            given[f"test_{number}"] = value
            expressions.append(expression.replace("given.value", f"given.test_{number}"))
    return Choice(where=" and ".join(expressions) or None, given=given)


def period(field: str, since: date | None, until: date | None) -> dict[str, object]:
    """Return the tests that a day lies between two others, both included, of which either may be missing."""
    return {f"{field} >= given.value": since, f"{field} <= given.value": until}


def readable(session: Session, name: str) -> EntityModel:
    """Return an entity of which the actor may read something.

    Raises:
        UnknownNameError: if there is no such entity.
        AccessDeniedError: if the actor may read none of its records.
    """
    entity = session.model.entity(name)
    if not session.principal.may(entity, "read"):
        raise AccessDeniedError(action="read", entity=entity.name, actor=session.principal.name)
    return entity


def pipeline_named(session: Session, entity: EntityModel, name: str | None) -> PipelineModel:
    """Return a pipeline of the entity, the default one if none is named.

    Raises:
        UnknownNameError: if the entity has none of that name.
        Refused: if it has none at all.
    """
    pipelines = {each.name: each for each in session.model.pipelines_of(entity.name)}
    if not pipelines:
        text = _("Records of {entity} go through no stages. Name an entity with a pipeline.", entity=entity.name)
        raise Refused(entity="report", refusals=(Refusal(path="entity", text=text),))
    return known(pipelines, name or next(iter(pipelines)), _("pipeline of {entity}", entity=entity.name))


def user_named(session: Session, name: str | None) -> int | None:
    """Return the id of the user with this external id, name or id; of the actor for `me`; None if none is named.

    Raises:
        Refused: if there is no such user, or more than one.
    """
    if name is None:
        return None
    if name == ME and session.principal.user is not None:
        return session.principal.user
    return record_named(session, session.model.entities["user"], name, "owner").id


def record_named(session: Session, entity: EntityModel, name: str, path: str) -> Record:
    """Return the record that an id, a unique text or a title stands for; `path` is the parameter that names it.

    Raises:
        Refused: if no record that the actor may see is meant, or more than one.
    """
    wanted = name.strip().removeprefix(f"{entity.name}:").strip()
    single = (entity.fields[each.fields[0]] for each in entity.uniques if len(each.fields) == 1 and not each.where)
    unique = [each.name for each in single if session.principal.sees(entity, each)]
    found: dict[int, Record] = {}
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= LONGEST_ID:
        found = session.by_id(entity, [ref_class(entity.name)(int(wanted))])
    for field in (*unique, entity.declared.title):
        if not found and wanted and field != "id":
            records = session.find(entity.declared.declared, {field: wanted}, limit=MOST_SHOWN)
            found = {record.id: record for record in records}
    if len(found) != 1:
        raise Refused(entity="report", refusals=(Refusal(path=path, text=_not_one(entity, name, found)),))
    return next(iter(found.values()))


def _not_one(entity: EntityModel, name: str, found: Mapping[int, Record]) -> str:
    if found:
        ids = listed(str(number) for number in found)
        return _(
            "More than one {entity} is called {name!r}. Give the id: {ids}.",
            entity=entity.label.lower(),
            name=name,
            ids=ids,
        )
    return _(
        "There is no {entity} {name!r}. Give its id, or its name as it is written.",
        entity=entity.label.lower(),
        name=name,
    )


def beyond(more: int) -> list[Text]:
    """Return the note that says how many rows a limit has left out; none if it left out none."""
    if not more:
        return []
    return [
        ngettext(
            "There is {count} more. Raise the limit to see it.",
            "There are {count} more. Raise the limit to see them.",
            more,
        )
    ]
