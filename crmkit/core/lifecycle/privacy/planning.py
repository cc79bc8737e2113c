"""Planning: what an erasure would blank, delete and keep, and why, before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import asdict, frozen

from crmkit.core.lifecycle.merging.redirects import survivor_of
from crmkit.core.lifecycle.privacy import left_behind
from crmkit.core.lifecycle.privacy.blanking import blanked_fields
from crmkit.core.lifecycle.privacy.finding import dossier_of
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.privacy.blanking import Fate
    from crmkit.core.lifecycle.privacy.finding import Dossier
    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class ErasureStep:
    """What becomes of some records of one entity.

    Attributes:
        fate: `person`: the record is emptied, and stays as somebody who was erased; `delete`: it is emptied and
            deleted; `blank`: what is personal is emptied, and the record stays; `keep`: nothing is changed.
        fields: the fields that are emptied; of records that are kept, the one by which they refer to the person.
        reason: why, for people.
    """

    entity: str
    fate: Fate
    records: tuple[int, ...]
    fields: tuple[str, ...]
    reason: str


@frozen(kw_only=True)
class ErasurePlan:
    """What the erasure of a person does.

    Attributes:
        merged: the ids of records that were merged into the person, and are erased with it.
        problems: what stands against it; with any, nothing is erased.
    """

    person: Ref[object]
    merged: tuple[int, ...]
    steps: tuple[ErasureStep, ...]
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the plan as JSON."""
        return {
            "person": str(self.person),
            "merged": list(self.merged),
            "steps": [asdict(each) for each in self.steps],
            "problems": list(self.problems),
        }


def check_officer(session: Session, person: Record | Ref[object], action: str) -> Ref[object]:
    """Return the person, or the one that it was merged into, if the actor may do this with persons.

    Raises:
        AccessDeniedError: if none of the actor's roles is for privacy.
        Refused: if it is a record of an entity that holds no persons.
        NotFoundError: if there is no such record, deleted or not, that the actor may see.
    """
    entity = session.model.entity(person)
    if not session.principal.privacy:
        raise AccessDeniedError(action=action, entity=entity.name, actor=session.principal.name)
    ref = person.ref if not isinstance(person, int) else person
    if not entity.declared.person:
        names = ", ".join(name for name, each in session.model.entities.items() if each.declared.person)
        text = _("Records of {entity} are no persons. There are: {names}.", entity=entity.name, names=names)
        raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=text),))
    number = survivor_of(session, entity.name, int(ref)) or int(ref)
    table = session.tables[entity.name]
    reach = session.principal.reach(entity, table, "read")
    seen = sa.select(table.c.id).where(table.c.id == number, sa.true() if reach is None else reach)
    if session.unit.connection.execute(seen).first() is None:
        raise NotFoundError(entity=entity.name, id=int(ref))
    return type(ref)(number)


def erasure_plan(session: Session, person: Record | Ref[object]) -> ErasurePlan:
    """Return what an erasure of a person would do.

    Raises:
        AccessDeniedError, NotFoundError, Refused: see `check_officer`.
    """
    ref = check_officer(session, person, "erase")
    dossier = dossier_of(session, ref)
    return ErasurePlan(
        person=ref,
        merged=tuple(sorted(dossier.merged)),
        steps=tuple(steps_of(session, dossier)),
        problems=tuple(left_behind.problems(session, dossier)),
    )


def steps_of(session: Session, dossier: Dossier) -> Iterator[ErasureStep]:
    """Yield what becomes of all records that are found."""
    name = dossier.person.entity
    yield step(session, name, "person", dossier.own(name), _("the person, as whom it stays counted"))
    for entity, ids in dossier.parts.items():
        if ids:
            yield step(session, entity, "delete", ids, _("parts of the person"))
    for entity, ids in dossier.about.items():
        yield step(
            session,
            entity,
            "blank",
            ids,
            _("about the person; amounts, days, stages and references stay for the books"),
        )
    reached = {(entity, each) for entity, ids in dossier.all() for each in ids}
    for (entity, field), ids in dossier.mentions.items():
        others = {each for each in ids if (entity, each) not in reached}
        if others:
            reason = _("they mention the person, and are not about it")
            yield ErasureStep(entity=entity, fate="keep", records=tuple(sorted(others)), fields=(field,), reason=reason)


def step(session: Session, name: str, fate: Fate, ids: Iterable[int], reason: str) -> ErasureStep:
    """Return what becomes of records that are emptied."""
    fields = blanked_fields(session.model.entities[name], fate)
    names = tuple(each.name for each in fields)
    return ErasureStep(entity=name, fate=fate, records=tuple(sorted(ids)), fields=names, reason=reason)
