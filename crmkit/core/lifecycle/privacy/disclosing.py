"""Disclosing: all that is known about a person, for that person, as one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.privacy.accesses import is_among
from crmkit.core.lifecycle.privacy.finding import chunks, dossier_of
from crmkit.core.lifecycle.privacy.planning import check_officer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.privacy.finding import Dossier
    from crmkit.core.lifecycle.session import Session

Entry = dict[str, object]
ACCESSES = ("disclose", "reveal")
"""Entries of the change log that tell who was shown what."""


def disclose(session: Session, person: Record | Ref[object], *, reason: str) -> Entry:
    """Return all that is known about a person, having noted in the audit trail that it was told.

    Raises:
        AccessDeniedError, NotFoundError, Refused: see `check_officer`.
        ReadOnlyError: in a readonly session, which can note nothing.
    """
    session.unit.check_writable()
    ref = check_officer(session, person, "export")
    dossier = dossier_of(session, ref)
    records = [each for name, _ids in dossier.all() for each in records_of(session, dossier, name)]
    entity = session.model.entity(ref)
    version = session.elevated.reader.by_id(entity, [int(ref)], deleted=True)[int(ref)].version
    told = {name: len(ids) for name, ids in dossier.all()}
    ledger.witness(session, ref, version, "disclose", {"reason": reason, "records": told})
    return {
        "person": str(ref),
        "merged": [f"{ref.entity}:{each}" for each in sorted(dossier.merged)],
        "at": moment(session.unit.now),
        "records": records,
        "mentions": list(mentions_of(dossier)),
        "changes": list(changes_of(session, dossier)),
        "accesses": list(accesses_of(session, dossier)),
        "stages": list(stages_of(session, dossier)),
        "shares": list(shares_of(session, dossier)),
        "links": list(links_of(session, dossier)),
        "imports": list(imports_of(session, dossier)),
    }


def records_of(session: Session, dossier: Dossier, name: str) -> Iterator[Entry]:
    """Yield the records of one entity with all their values, labels and classes; secrets are named, and not told."""
    entity = session.model.entities[name]
    ids = dict(dossier.all())[name]
    for number, record in session.elevated.reader.by_id(entity, sorted(ids), deleted=True).items():
        values = ledger.as_json(entity, dict(record.items()))
        yield {
            "record": f"{name}:{number}",
            "label": entity.label,
            "is": relation(dossier, name, number),
            "fields": [told(entity, field, values) for field in entity.fields],
        }


def told(entity: EntityModel, name: str, values: Mapping[str, object]) -> Entry:
    """Return a field with its value."""
    field = entity.fields[name]
    found: Entry = {"field": name, "label": field.label, "class": field.declared.privacy}
    return {**found, "withheld": True} if field.is_secret else {**found, "value": values.get(name)}


def relation(dossier: Dossier, name: str, number: int) -> str:
    """Return what a record is for the person."""
    if number in dossier.own(name):
        return "person" if number == int(dossier.person) else "merged"
    return "part" if number in dossier.parts.get(name, set()) else "about"


def mentions_of(dossier: Dossier) -> Iterator[Entry]:
    """Yield which records mention the person or what is about it, without what they say."""
    reached = {(name, each) for name, ids in dossier.all() for each in ids}
    for (name, field), ids in dossier.mentions.items():
        for each in sorted(ids):
            if (name, each) not in reached:
                yield {"record": f"{name}:{each}", "field": field}


def changes_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield what was changed in all these records, by whom and when."""
    for row in entries(session, dossier):
        if row.action in ACCESSES:
            continue
        secrets = session.model.entities[row.entity].secrets
        yield {
            "record": f"{row.entity}:{row.record_id}",
            "version": row.version,
            "action": row.action,
            "at": moment(row.at),
            "by": user(row.actor_id),
            "old": without(secrets, row.old),
            "new": without(secrets, row.new),
        }


def accesses_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield who was shown what of the person that is sensitive or secret, or all of it."""
    for row in entries(session, dossier):
        if row.action in ACCESSES:
            record = f"{row.entity}:{row.record_id}"
            said = json.loads(row.new or "{}")
            yield {"record": record, "action": row.action, "at": moment(row.at), "by": user(row.actor_id), **said}
    for name, ids in dossier.all():
        yield from reads_of(session, name, ids)


def reads_of(session: Session, name: str, ids: set[int]) -> Iterator[Entry]:
    """Yield who was shown sensitive values of some records."""
    change = session.tables.system.change
    query = sa.select(change).where(change.c.entity == name, change.c.record_id == 0, change.c.action == "read")
    for row in session.unit.connection.execute(query.order_by(change.c.id)):
        said = json.loads(row.new)
        ranges = said.pop("ids")
        for each in sorted(ids):
            if is_among(each, ranges):
                found = {"record": f"{name}:{each}", "action": "read", "at": moment(row.at), "by": user(row.actor_id)}
                yield {**found, **said}


def entries(session: Session, dossier: Dossier) -> Iterator[sa.Row[tuple[object, ...]]]:
    """Yield the entries of the change log about all these records, in the order of each."""
    change = session.tables.system.change
    for name, ids in dossier.all():
        for chunk in chunks(ids):
            of_records = sa.and_(change.c.entity == name, change.c.record_id.in_(chunk))
            yield from session.unit.connection.execute(sa.select(change).where(of_records).order_by(change.c.id)).all()


def without(secrets: frozenset[str], text: str | None) -> Entry:
    """Return logged values but for secrets."""
    values: Entry = json.loads(text) if text else {}
    return {name: value for name, value in values.items() if name not in secrets}


def stages_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield which stages the records entered, and when."""
    history = session.tables.system.stage_history
    for name, ids in dossier.all():
        for chunk in chunks(ids):
            of_records = sa.and_(history.c.entity == name, history.c.record_id.in_(chunk))
            for row in session.unit.connection.execute(sa.select(history).where(of_records).order_by(history.c.id)):
                record = f"{name}:{row.record_id}"
                yield {"record": record, "pipeline": row.pipeline, "stage": row.target, "at": moment(row.at)}


def shares_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield to whom records of the person were opened."""
    share = session.tables.system.share
    for name, ids in dossier.all():
        for chunk in chunks(ids):
            of_records = sa.and_(share.c.entity == name, share.c.record_id.in_(chunk))
            for row in session.unit.connection.execute(sa.select(share).where(of_records).order_by(share.c.at)):
                to, end = f"{row.to_entity}:{row.to_id}", None if row.until is None else moment(row.until)
                yield {"record": f"{name}:{row.record_id}", "to": to, "access": row.access, "until": end}


def links_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield what became of what."""
    link, seen = session.tables.system.link, set[int]()
    for name, ids in dossier.all():
        for chunk in chunks(ids):
            source = sa.and_(link.c.source_entity == name, link.c.source_id.in_(chunk))
            target = sa.and_(link.c.target_entity == name, link.c.target_id.in_(chunk))
            for row in session.unit.connection.execute(sa.select(link).where(sa.or_(source, target))).all():
                if row.id not in seen:
                    seen.add(row.id)
                    ends = f"{row.source_entity}:{row.source_id}", f"{row.target_entity}:{row.target_id}"
                    yield {"source": ends[0], "kind": row.kind, "target": ends[1], "at": moment(row.at)}


def imports_of(session: Session, dossier: Dossier) -> Iterator[Entry]:
    """Yield which rows of which files records came from."""
    rows, imports = session.tables.system.imported_row, session.tables.system.file_import
    joined = rows.join(imports, imports.c.id == rows.c.import_id)
    for name, ids in dossier.all():
        for chunk in chunks(ids):
            of_records = sa.and_(rows.c.entity == name, rows.c.record_id.in_(chunk))
            query = sa.select(rows.c.record_id, rows.c.row, rows.c.file, imports.c.files, imports.c.at)
            for row in session.unit.connection.execute(query.select_from(joined).where(of_records)):
                file = json.loads(row.files)[row.file]["name"]
                yield {"record": f"{name}:{row.record_id}", "file": file, "row": row.row, "at": moment(row.at)}


def moment(at: datetime) -> str:
    """Return a moment as text, UTC."""
    return at.isoformat()


def user(number: int | None) -> str:
    """Return who did something, without a name: users are persons themselves."""
    return "system" if number is None else f"user:{number}"
