"""Erasing: a person is forgotten in one transaction, and all that the books need stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.files import forget_files
from crmkit.core.lifecycle.privacy import forgetting, left_behind
from crmkit.core.lifecycle.privacy.blanking import blank
from crmkit.core.lifecycle.privacy.finding import chunks, dossier_of
from crmkit.core.lifecycle.privacy.planning import erasure_plan
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.privacy.blanking import Fate
    from crmkit.core.lifecycle.privacy.finding import Dossier
    from crmkit.core.lifecycle.privacy.planning import ErasurePlan
    from crmkit.core.lifecycle.session import Session


def erase(session: Session, person: Record | Ref[object], *, reason: str) -> ErasurePlan:
    """Erase a person, and return what was done.

    Raises:
        AccessDeniedError, NotFoundError: see `check_officer`.
        Refused: if no reason is given, or a disabled plugin keeps records that can't be erased.
    """
    with session.unit.command(writes_much=True):
        plan = erasure_plan(session, person)
        problems = list(plan.problems)
        if not reason.strip():
            problems.append(_("Say why, without naming the person: the reason stays in the audit trail."))
        if problems:
            refusals = tuple(Refusal(path="reason" if not plan.problems else "id", text=text) for text in problems)
            raise Refused(entity=plan.person.entity, refusals=refusals)
        with session.unit.writing():
            dossier = locked_dossier(session, plan.person)
            forget(session, dossier)
            counts = {name: empty(session, dossier, name) for name, _ids in dossier.all()}
            left_behind.empty_columns(session, dossier)
            note(session, plan, {"reason": reason, "records": counts})
    return plan


def locked_dossier(session: Session, person: Ref[object]) -> Dossier:
    """Return everything that is about a person, once nobody can add to it before the end of the transaction.

    On PostgreSQL this waits for those who are about to refer to one of the records (see `check_references`).
    """
    found = dossier_of(session, person)
    while True:
        for name, ids in found.all():
            table = session.tables[name]
            for chunk in chunks(ids):
                query = sa.select(table.c.id).where(table.c.id.in_(chunk)).order_by(table.c.id).with_for_update()
                session.unit.connection.execute(query).all()
        again = dossier_of(session, person)
        if again == found:
            return found
        found = again


def forget(session: Session, dossier: Dossier) -> None:
    """Drop what is kept of the records beside themselves."""
    traces = {
        text for name, ids in dossier.all() for text in forgetting.traces_of(session, session.model.entities[name], ids)
    }
    forgetting.forget_failed_rows(session, traces)
    for name, ids in dossier.all():
        entity = session.model.entities[name]
        going = dossier.own(name) | dossier.parts.get(name, set())
        forgetting.forget_changes(session, entity, going, wholly=True)
        forgetting.forget_changes(session, entity, ids - going, wholly=False)
        forget_files(session, entity, going, wholly=True)
        forget_files(session, entity, ids - going, wholly=False)
        forgetting.forget_keys(session, name, ids)
        forgetting.forget_work(session, name, ids, traces)
        forgetting.forget_relations(session, name, going)
        forgetting.forget_imports(session, name, ids)


def empty(session: Session, dossier: Dossier, name: str) -> int:
    """Blank the records of one entity, and return how many were."""
    entity, unit = session.model.entities[name], session.unit
    unit.included.clear()
    fates: dict[Fate, set[int]] = {
        "person": dossier.own(name),
        "delete": dossier.parts.get(name, set()),
        "blank": dossier.about.get(name, set()),
    }
    for number in set().union(*fates.values()):
        unit.latest.pop((name, number), None)
        unit.known -= {(reach, name, number) for reach in (False, True)}
    return sum(blank(session, entity, ids, fate) for fate, ids in fates.items())


def note(session: Session, plan: ErasurePlan, said: dict[str, object]) -> None:
    """Note the erasure itself, under the version that the person has then."""
    entity = session.model.entity(plan.person)
    number = int(plan.person)
    version = session.elevated.reader.by_id(entity, [number], deleted=True)[number].version
    ledger.witness(session, plan.person, version, "erase", said)
