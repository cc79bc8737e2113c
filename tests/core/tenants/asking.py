"""Asking: every way to read, of every entity, record and report of a CRM."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from crmkit import Customer, ExternalId, Report, Session, User
from crmkit.core.exchange.exporting import export
from crmkit.errors import CRMKitError

if TYPE_CHECKING:
    from crmkit import CRM, EntityModel, Record

MOST = 100


def sort(entity: EntityModel) -> type[Record]:
    """Return the class of an entity's records."""
    return entity.declared.declared


def exported(session: Session, entity: EntityModel) -> str:
    """Return an export."""
    file = io.BytesIO()
    export(session, sort(entity), file, format="csv")
    return file.getvalue().decode()


OF_ENTITY: Mapping[str, Callable[[Session, EntityModel], object]] = {
    "find": lambda session, entity: session.find(sort(entity), limit=MOST),
    "find.search": lambda session, entity: session.find(sort(entity), search="canary", limit=MOST),
    "rows": lambda session, entity: session.rows(sort(entity), [*entity.fields], limit=MOST),
    "count": lambda session, entity: session.count(sort(entity)),
    "aggregate": lambda session, entity: session.aggregate(
        sort(entity), by=["created_by.name"], measures={"n": "count()"}
    ),
    "by_id": lambda session, entity: session.by_id(entity, range(MOST)),
    "readable_ids": lambda session, entity: session.readable_ids(entity.name, range(MOST)),
    "reader_for.export": exported,
    "identity.candidates": lambda session, entity: session.identity.candidates(sort(entity)),
}
OF_RECORD: Mapping[str, Callable[[Session, Record], object]] = {
    "get": lambda session, record: session.get(type(record), record.id),
    "related": lambda session, record: [
        session.related(record, sort(each))
        for each in session.model.entities.values()
        if any(field.target == record.ref.entity for field in each.fields.values())
    ],
    "ancestors": lambda session, record: [
        session.ancestors(record.ref, name)
        for name, each in session.model.entity(record).fields.items()
        if each.target == record.ref.entity
    ],
    "explain": lambda session, record: session.explain(record, session.find(User, order="-id", limit=1)[0]),
    "history": Session.history,
    "timeline": Session.timeline,
    "profile": Session.profile,
    "trace": Session.trace,
    "shares": Session.shares,
    "merges": Session.merges,
    "lookups": Session.lookups,
    "erasure_plan": Session.erasure_plan,
    "identity.duplicates": lambda session, record: session.identity.duplicates(record),
    "consents.of": lambda session, record: session.consents.of(record),
    "levels": lambda session, record: [
        session.levels.explain(record, name) for name in session.model.entity(record).fields
    ],
    "disclose": Session.disclose,
    "content": lambda session, record: [
        session.content(record, name)
        for name, each in session.model.entity(record).fields.items()
        if each.kind.name == "file" and dict(record.items())[name] is not None
    ],
}
OF_ALL: Mapping[str, Callable[[Session], object]] = {
    "by_external_id": lambda session: [
        session.by_external_id(sort(session.model.entities[each.record.entity]), each.system, each.value)
        for each in session.find(ExternalId, order="id")
    ],
    "audit": lambda session: session.audit.entries(),
    "cautions": lambda session: session.cautions,
    "notices": lambda session: session.notices(),
    "seen_by": lambda session: [
        session.seen_by(each).find(Customer, order="id") for each in session.find(User, order="id")
    ],
    "consents.ungrounded": lambda session: session.consents.ungrounded(),
    "report": lambda session: [
        f"{report.name}: {asked(lambda name=report.name: session.report(name).to_json())}"  # type: ignore[misc]
        for report, _plugin in session.model.of(Report)
    ],
}
NOT_ASKED = {
    "acting": "the same session",
    "actor_ref": "who asks",
    "caution": "tells the session itself",
    "calendars": "makes values of calendars, which are records",
    "custom_fields": "guards definitions, which are records",
    "elevated": "the same session",
    "lookup": "reads other systems",
    "make": "makes a record of values",
    "reacher": "who asks",
    "reader": "what all others ask",
    "serialise": "waits",
    "setting": "comes from the assembly",
    "today": "comes from the clock",
    "watch": "notes what is shown",
}


class Undone(Exception):
    """Nothing is kept."""


def asked(question: Callable[[], object]) -> str:
    """Return the answer to a question as text, or the refusal."""
    try:
        found = question()
        return repr(list(found) if isinstance(found, Iterator) else found)
    except CRMKitError as error:
        return f"{error!r}: {error}"


def answers(crm: CRM, who: str) -> dict[str, str]:
    """Return all that somebody is told, by what was asked."""
    found = {"plugins": asked(crm.plugins.list), "fingerprint": asked(crm.fingerprint)}
    with suppress(Undone), crm.session(actor=who) as session:
        for name, of_all in OF_ALL.items():
            found[name] = asked(lambda ask=of_all: ask(session))  # type: ignore[misc]
        for entity in session.model.entities.values():
            for name, of_entity in OF_ENTITY.items():
                found[f"{entity.name}.{name}"] = asked(lambda ask=of_entity, entity=entity: ask(session, entity))  # type: ignore[misc]
            for record in session.find(sort(entity), limit=MOST):
                for name, of_record in OF_RECORD.items():
                    place = f"{entity.name} {record.id}.{name}"
                    found[place] = asked(lambda ask=of_record, record=record: ask(session, record))  # type: ignore[misc]
        raise Undone
    return found
