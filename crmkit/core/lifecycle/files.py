"""Files in records: contents are stored with the record that has them, and read by whoever sees it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import evolve

from crmkit.core.declare.kinds import FileKind
from crmkit.core.declare.values import File
from crmkit.core.storage import file_contents
from crmkit.errors import FileDamagedError, InvalidValue, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.questions import Questions
    from crmkit.core.lifecycle.session import Session


def check_files(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse files without contents, but for those that the record had already: a SHA-256 alone opens nothing.

    With system reach, any stored contents will do. The contents are checked against the name in any case.
    """
    bare = [
        (draft, name, value)
        for name in entity.files
        for draft in drafts
        if isinstance(value := draft.values.get(name), File) and value.content is None
    ]
    if not bare:
        return
    known = had_before(session, entity, bare)
    for draft, name, value in bare:
        is_known = session.principal.reaches_all or (value.sha256, name, number_of(draft)) in known
        content = read(session, value.sha256) if is_known else None
        if content is None:
            draft.refuse(name, _("Give the file with its contents; without them, it can't be taken from elsewhere."))
            continue
        kind = entity.fields[name].kind
        assert isinstance(kind, FileKind)
        try:
            kind.check_content(value, content)
        except InvalidValue as error:
            draft.refuse(name, str(error))
        draft.values[name] = evolve(value, size=len(content))


def had_before(
    session: Session, entity: EntityModel, bare: Iterable[tuple[Draft, str, File]]
) -> set[tuple[str, str, int]]:
    """Return which of the contents the same fields of the same records have, or had before."""
    use = session.tables.system.file_use
    wanted = sorted({number_of(draft) for draft, _name, _value in bare} - {0})
    found: set[tuple[str, str, int]] = set()
    for start in range(0, len(wanted), file_contents.AT_ONCE):
        some = wanted[start : start + file_contents.AT_ONCE]
        query = sa.select(use.c.sha256, use.c.field, use.c.record_id)
        rows = session.unit.connection.execute(query.where(use.c.entity == entity.name, use.c.record_id.in_(some)))
        found.update((row.sha256, row.field, row.record_id) for row in rows)
    return found


def number_of(draft: Draft) -> int:
    """Return the id of a draft's record, 0 if it is new."""
    return 0 if draft.record is None else draft.record.id


def take_contents(entity: EntityModel, drafts: Sequence[Draft]) -> dict[str, bytes]:
    """Take the contents of files out of drafts, and return them by their SHA-256; records are without them."""
    contents: dict[str, bytes] = {}
    for name in entity.files:
        for draft in drafts:
            value = draft.values.get(name)
            if isinstance(value, File) and value.content is not None:
                contents[value.sha256] = value.content
                draft.values[name] = evolve(value, content=None)
    return contents


def store_contents(session: Session, contents: Mapping[str, bytes]) -> None:
    """Store contents, those that are there already excepted, once their records are written: nothing refuses them."""
    if contents:
        unit = session.unit
        file_contents.store(unit.connection, session.tables, contents, unit.now)
        unit.written += len(contents)


def note_files(
    session: Session, entity: EntityModel, written: Iterable[tuple[int, Mapping[str, object] | None]]
) -> None:
    """Note which contents records have now, from their ids and new values."""
    uses = (
        (value.sha256, entity.name, name, number)
        for number, values in written
        for name in entity.files
        if values is not None and isinstance(value := values.get(name), File)
    )
    file_contents.note_uses(session.unit.connection, session.tables, uses)


def content(session: Questions, record: Record, field: str) -> bytes:
    """Return the contents of the file that a record has in a field now.

    Raises:
        NotFoundError: if the actor doesn't see the record, or it has no file there.
        FieldHidden: if the actor may not see the field.
        FileDamagedError: if the contents are not what was stored.
    """
    entity = session.model.entity(record)
    entity.field(field)
    found: Record = session.get(entity.record_class, record.id)
    file = getattr(found, field)
    if not isinstance(file, File):
        raise NotFoundError(entity=f"{entity.name}.{field}", id=record.id)
    stored = read(session, file.sha256)
    if stored is None:
        raise FileDamagedError(entity=entity.name, id=record.id, field=field, name=file.name)
    return stored


def read(session: Questions, digest: str) -> bytes | None:
    """Return a content by its SHA-256, None if it isn't there or is damaged."""
    return file_contents.read(session.unit.connection, session.tables, digest)


def forget_files(session: Session, entity: EntityModel, ids: Collection[int], *, wholly: bool) -> None:
    """Forget which files records have and had, and drop contents that nobody has any more.

    Of records that stay, only the files of persons go, and those of fields that no plugin declares now.
    """
    use = session.tables.system.file_use
    wanted = sorted(ids)
    kept = entity.files.difference(entity.protected)
    for start in range(0, len(wanted), file_contents.AT_ONCE):
        some = wanted[start : start + file_contents.AT_ONCE]
        of_records = sa.and_(use.c.entity == entity.name, use.c.record_id.in_(some))
        where = of_records if wholly else sa.and_(of_records, use.c.field.not_in(kept))
        file_contents.forget_uses(session.unit.connection, session.tables, where)


def verify(session: Session) -> Iterator[str]:
    """Yield contents that aren't what their SHA-256 says, that nobody has, or that records have and aren't there."""
    connection, tables = session.unit.connection, session.tables
    stored, use = tables.system.file_content, tables.system.file_use
    for row in connection.execute(sa.select(stored.c.sha256, stored.c.size).order_by(stored.c.sha256)).all():
        digest, size = hashlib.sha256(), 0
        for chunk in file_contents.chunks_of(connection, tables, row.sha256):
            digest.update(chunk)
            size += len(chunk)
        if (digest.hexdigest(), size) != (row.sha256, row.size):
            yield _("the contents {digest} are damaged", digest=row.sha256)
    unused = sa.select(stored.c.sha256).where(~sa.exists().where(use.c.sha256 == stored.c.sha256))
    for sha256 in connection.execute(unused.order_by(stored.c.sha256)).scalars():
        yield _("the contents {digest} belong to no record", digest=sha256)
    lost = sa.select(use).where(~sa.exists().where(stored.c.sha256 == use.c.sha256))
    for row in connection.execute(lost.order_by(use.c.entity, use.c.record_id)):
        entity, number = row.entity, row.record_id
        yield _("the contents of {entity} {id} ({field}) aren't there", entity=entity, id=number, field=row.field)
    yield from unnoted(session)


def unnoted(session: Session) -> Iterator[str]:
    """Yield records that have a file which isn't noted as theirs."""
    use = session.tables.system.file_use
    for entity in session.model.entities.values():
        table = session.tables[entity.name]
        for name in sorted(entity.files):
            digest = table.c[f"{name}_sha256"]
            noted = sa.exists().where(
                use.c.entity == entity.name, use.c.field == name, use.c.record_id == table.c.id, use.c.sha256 == digest
            )
            for number in session.unit.connection.execute(
                sa.select(table.c.id).where(digest.is_not(None), ~noted)
            ).scalars():
                yield _("the file of {entity} {id} ({field}) isn't noted", entity=entity.name, id=number, field=name)
