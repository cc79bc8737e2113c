"""Reverting: an import taken back, batch by batch, except for what somebody has changed since."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import asdict, evolve, field, frozen

from crmkit.core.exchange import bookkeeping
from crmkit.core.exchange.errors import ImportStateError
from crmkit.core.exchange.saving import reasons
from crmkit.core.exchange.writing import write_all
from crmkit.core.lifecycle import changing, deleting, moving
from crmkit.translation import _, about, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.app import CRM
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.permission import System

AT_ONCE = 200
CHANGING = ("created", "updated")
STAGE = ("pipeline", "stage", "stage_kind", "stage_since")


@frozen(kw_only=True)
class NotReverted:
    """A record that was left as it is, and why."""

    entity: str
    record: int
    message: str

    def __str__(self) -> str:
        return about(f"{self.entity} {self.record}", self.message)


@frozen(kw_only=True)
class RevertResult:
    """What became of the records of an import: deleted, restored to their former values, or left (see `problems`)."""

    id: int
    deleted: int = 0
    restored: int = 0
    problems: tuple[NotReverted, ...] = field(default=())

    @property
    def failed(self) -> int:
        """How many records were left as they are."""
        return len(self.problems)

    @property
    def message(self) -> str:
        """What happened, and what was left as it is."""
        done = _(
            "Import {id} was taken back; records deleted: {deleted}, changes undone: {restored}.",
            id=self.id,
            deleted=self.deleted,
            restored=self.restored,
        )
        return joined([done, *map(str, self.problems)], "\n")

    def as_json(self) -> dict[str, object]:
        """Return the result as JSON."""
        return {
            "id": self.id,
            "deleted": self.deleted,
            "restored": self.restored,
            "problems": [asdict(each) for each in self.problems],
        }


@frozen(kw_only=True)
class Entry:
    """A row of the books that changed something.

    Attributes:
        version: the version that the row made of the record.
        present: the version that the record must have now, if later rows of the import were taken back already.
    """

    file: int
    row: int
    part: int
    outcome: str
    entity: str
    record: int
    version: int
    present: int | None = None


def revert_import(crm: CRM, id: int, /, *, actor: str | Record | System) -> RevertResult:
    """Delete the records that an import created, and give those that it changed their former values.

    It goes from the last row to the first, batch by batch; interrupted, it goes on when it is called again. What
    somebody changed since is left alone and reported. Deleted records can be restored like any others.

    Raises:
        UnknownImportError: if there is no such import.
        ImportStateError: if it has been reverted already.
    """
    crm.run(lambda session: begin(session, id), actor=actor)
    deleted = restored = 0
    problems: list[NotReverted] = []
    before: tuple[int, int, int] | None = None
    while True:
        entries = crm.run(lambda session, last=before: next_entries(session, id, last), actor=actor)  # type: ignore[misc]
        if not entries:
            break
        found = crm.run(lambda session, batch=entries: revert_entries(session, id, batch), actor=actor)  # type: ignore[misc]
        deleted += found.deleted
        restored += found.restored
        problems += found.problems
        before = (entries[-1].file, entries[-1].row, entries[-1].part)
    books = bookkeeping.Books(id, frozenset())
    crm.run(lambda session: books.finish(session, bookkeeping.REVERTED), actor=actor)
    return RevertResult(id=id, deleted=deleted, restored=restored, problems=tuple(problems))


def begin(session: Session, number: int) -> None:
    """Note that an import is being taken back, so that nobody continues it.

    Raises:
        ImportStateError: if it has been reverted already.
    """
    session.serialise("imports")
    entry = bookkeeping.read_import(session, number)
    if entry.state == bookkeeping.REVERTED:
        raise ImportStateError(
            id=number,
            state=entry.state,
            wanted=_("{done} or {running}", done=bookkeeping.DONE, running=bookkeeping.RUNNING),
        )
    bookkeeping.Books(number, frozenset()).finish(session, bookkeeping.REVERTING)


def next_entries(session: Session, number: int, before: tuple[int, int, int] | None) -> list[Entry]:
    """Return the last rows that changed something, above those that were looked at."""
    rows = session.tables.system.imported_row.c
    query = sa.select(rows.file, rows.row, rows.part, rows.outcome, rows.entity, rows.record_id, rows.version).where(
        rows.import_id == number, rows.outcome.in_(CHANGING), rows.record_id.is_not(None)
    )
    if before is not None:
        query = query.where(sa.tuple_(rows.file, rows.row, rows.part) < sa.tuple_(*before))
    query = query.order_by(rows.file.desc(), rows.row.desc(), rows.part.desc()).limit(AT_ONCE)
    return [
        Entry(file=r[0], row=r[1], part=r[2], outcome=r[3], entity=r[4], record=r[5], version=r[6])
        for r in session.unit.connection.execute(query)
    ]


def revert_entries(session: Session, number: int, entries: Sequence[Entry]) -> RevertResult:
    """Take back some rows in one transaction: created records of one entity together, changed ones one by one."""
    session.serialise(f"revert {number}")
    made = RevertResult(id=number)
    runs = groupby(
        entries, key=lambda each: (each.outcome, each.entity, each.file if each.outcome == "created" else each)
    )
    for (outcome, entity, _file), run in runs:
        # Read anew: an entry above may have shifted a version, and another process may have taken a row back.
        now = fresh(session, number, list(run))
        sound, problems = untouched(session, session.model.entities[entity], now)
        results = list(write_all(session, entity, sound, remover(session, number, outcome)))
        problems += [not_reverted(each[0], why(result)) for each, result in results if isinstance(result, Exception)]
        done = sum(not isinstance(result, Exception) for _, result in results)
        made = RevertResult(
            id=number,
            deleted=made.deleted + (done if outcome == "created" else 0),
            restored=made.restored + (done if outcome != "created" else 0),
            problems=(*made.problems, *problems),
        )
    return made


def fresh(session: Session, number: int, entries: Sequence[Entry]) -> list[Entry]:
    """Return rows of the books as they are now, without those that have been taken back already."""
    of = session.tables.system.imported_row.c
    rows = sa.tuple_(of.file, of.row, of.part).in_([(each.file, each.row, each.part) for each in entries])
    query = sa.select(of.file, of.row, of.part, of.present).where(of.import_id == number, rows)
    known = session.unit.connection.execute(query.where(of.outcome.in_(CHANGING)))
    versions = {(row[0], row[1], row[2]): row[3] for row in known}
    places = [(each, (each.file, each.row, each.part)) for each in entries]
    return [evolve(each, present=versions[place]) for each, place in places if place in versions]


def untouched(
    session: Session, entity: EntityModel, entries: Sequence[Entry]
) -> tuple[list[tuple[Entry, Record]], list[NotReverted]]:
    """Return the entries whose records are as the import left them, and why the others can't be taken back."""
    records = session.by_id(entity, [each.record for each in entries])
    sound, problems = [], []
    for each in entries:
        record = records.get(each.record)
        if record is None:
            problems.append(not_reverted(each, _("It is gone already, or you may not see it.")))
        elif record.version != (each.present or each.version):
            text = _(
                "It was changed since (version {version} by the import, {version_other} now).",
                version=each.version,
                version_other=record.version,
            )
            problems.append(not_reverted(each, text))
        else:
            sound.append((each, record))
    return sound, problems


def remover(session: Session, number: int, outcome: str) -> Callable[[Sequence[tuple[Entry, Record]]], Sequence[None]]:
    """Return the function that takes back entries of one outcome."""

    def remove(chunk: Sequence[tuple[Entry, Record]]) -> Sequence[None]:
        if outcome == "created":
            deleting.delete(session, session.model.entity(chunk[0][1]), [record for _, record in chunk])
        else:
            for entry, record in chunk:
                after = give_back(session, record, former_values(session, entry))
                shift(session, number, entry, after.version)
        mark(session, number, [entry for entry, _ in chunk])
        return [None] * len(chunk)

    return remove


def why(error: Exception) -> str:
    """Return the reasons of an error as a text."""
    return joined(text for _path, text in reasons(error))


def not_reverted(entry: Entry, message: str) -> NotReverted:
    """Return the report about a record that is left as it is."""
    return NotReverted(entity=entry.entity, record=entry.record, message=message)


def former_values(session: Session, entry: Entry) -> dict[str, object]:
    """Return what the row's change replaced, from the change log."""
    change = session.tables.system.change
    query = sa.select(change.c.old).where(
        change.c.entity == entry.entity, change.c.record_id == entry.record, change.c.version == entry.version
    )
    values: dict[str, object] = {}
    for (old,) in session.unit.connection.execute(query):
        values |= json.loads(old or "{}")
    return values


def give_back(session: Session, record: Record, values: dict[str, object]) -> Record:
    """Give a record former values, moving it back if its stage is among them; the log keeps no secrets."""
    entity = session.model.entity(record)
    stage = values.get("stage")
    pipeline = values.get("pipeline")
    others = {name: value for name, value in values.items() if name not in entity.secrets.union(STAGE)}
    if stage is None:
        return changing.update(session, entity, [(record, others)])[0]
    return moving.move(session, entity, [(record, others)], str(stage), None if pipeline is None else str(pipeline))[0]


def mark(session: Session, number: int, entries: Sequence[Entry]) -> None:
    """Write that rows were taken back."""
    table = session.tables.system.imported_row
    of = table.c
    rows = sa.tuple_(of.file, of.row, of.part).in_([(each.file, each.row, each.part) for each in entries])
    session.unit.connection.execute(table.update().where(of.import_id == number, rows).values(outcome="reverted"))


def shift(session: Session, number: int, entry: Entry, version: int) -> None:
    """Let an earlier row of the same record be the next to be taken back, though the record has a new version."""
    table = session.tables.system.imported_row
    of = table.c
    session.unit.connection.execute(
        table.update()
        .where(
            of.import_id == number,
            of.entity == entry.entity,
            of.record_id == entry.record,
            of.version == entry.version - 1,
            of.outcome.in_(CHANGING),
        )
        .values(present=version)
    )
