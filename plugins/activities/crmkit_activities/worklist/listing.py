"""Listing: the worklist of whoever looks, kind by kind, in a number of statements that goes with the kinds alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref, WorklistKind
from crmkit.core.assemble.model import known
from crmkit.core.declare.values import ref_class
from crmkit.errors import FilterError
from crmkit.translation import _
from crmkit_activities.referring import chunks
from crmkit_activities.worklist.handled import marks_of, still_handled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from crmkit import EntityModel, Session
    from crmkit_activities.worklist.handled import Mark

SHOWN = 20


@frozen(kw_only=True)
class WorkItem:
    """A record that waits.

    Attributes:
        title: what people call it.
        until: the day, or the moment (UTC), by which it is to be done.
        about: the record that it is about, or a part of, such as the deal of a clock, with its title:
            `opportunity:5 200 seats`; None if there is none, or one that the actor doesn't see.
    """

    record: Ref[object]
    title: str
    until: date | datetime | None
    about: str | None = None


@frozen(kw_only=True)
class WorkOfKind:
    """What waits of one kind.

    Attributes:
        count: how many there are.
        items: the first of them.
    """

    kind: WorklistKind
    count: int
    items: tuple[WorkItem, ...]


def worklist(session: Session, kind: str | None = None, *, limit: int = SHOWN) -> tuple[WorkOfKind, ...]:
    """Return what waits for the actor, of one kind or of all, the first `limit` of each; kinds with nothing, too.

    What was marked as handled is left out until it changes, or is to be done by another time.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    kinds = kinds_for(session)
    if kind is not None:
        kinds = [known({each.name: each for each in kinds}, kind, _("worklist kind"))]
    marks = marks_of(session)
    found = (work_of(session, each, marks.get(each.name, {}), limit) for each in kinds)
    return tuple(each for each in found if each is not None)


def kinds_for(session: Session) -> list[WorklistKind]:
    """Return the kinds of work that there are for the actor, in their order."""
    principal, entities = session.principal, session.model.entities
    declared = {each.name: each for each, _plugin in session.model.of(WorklistKind)}.values()
    fitting = (
        each
        for each in declared
        if principal.may(entities[each.entity], "read")
        and (not each.roles or principal.reaches_all or set(each.roles) & set(principal.roles))
    )
    return sorted(fitting, key=lambda each: each.position)


def work_of(session: Session, kind: WorklistKind, marks: Mapping[int, Mark], limit: int) -> WorkOfKind | None:
    """Return what waits of a kind, but for what is marked; None if it goes by what the actor may not see."""
    entity = session.model.entities[kind.entity]
    where, order = f"({kind.filter_for(session)})", kind.order_for(session)
    given: dict[str, object] = {}
    subject = subject_of(entity)
    is_seen = subject is not None and session.principal.sees(entity, entity.fields[subject])
    paths = ["id", kind.title or entity.declared.title, subject if subject and is_seen else "id", *kind.times]
    declared = entity.record_class
    try:
        for place, some in enumerate(chunks(still_handled(session, kind, where, marks))):
            where += f" and id not in given.handled_{place}"
            given[f"handled_{place}"] = list(some)
        rows = session.rows(declared, paths, where, given=given, order=order, limit=limit)
        count = len(rows) if rows.next is None else session.count(declared, where, given=given)
    except FilterError:
        session.elevated.rows(declared, paths, where, given=given, order=order, limit=1)  # raises if the kind is wrong
        return None
    subjects = titled(session, {each[2] for each in rows if isinstance(each[2], Ref)})
    items = [
        WorkItem(
            record=ref_class(kind.entity)(int(str(number))),
            title=f"{entity.label} {number}" if title is None else str(title),
            until=kind.until_of(session, times),
            about=subjects.get(about),
        )
        for number, title, about, *times in rows
    ]
    return WorkOfKind(kind=kind, count=count, items=tuple(items))


def subject_of(entity: EntityModel) -> str | None:
    """Return the field that names the record that those of an entity are a part of, or about."""
    if entity.whole is not None:
        return entity.whole.name
    return "about" if "about" in entity.fields and entity.fields["about"].kind.name in ("ref", "any_ref") else None


def titled(session: Session, refs: Collection[Ref[object]]) -> dict[object, str]:
    """Return those records that the actor sees with their titles, or instead of a part what it belongs to."""
    found: dict[object, str] = {}
    parts: dict[object, Ref[object]] = {}
    for name in {each.entity for each in refs}:
        entity = session.model.entities[name]
        for record in session.by_id(entity, [int(each) for each in refs if each.entity == name]).values():
            values = dict(record.items())
            whole = values.get(entity.whole.name) if entity.whole else None
            if isinstance(whole, Ref):
                parts[record.ref] = whole
            else:
                found[record.ref] = f"{record.ref} {values.get(entity.declared.title) or ''}".rstrip()
    wholes = titled(session, set(parts.values())) if parts else {}
    return found | {part: wholes[whole] for part, whole in parts.items() if whole in wholes}
