"""Bookkeeping: which imports there were, and what became of each row, written in the transaction of the row itself."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, frozen

from crmkit.core.exchange.errors import LostRowsError, UnknownImportError
from crmkit.core.exchange.results import OUTCOMES, FileResult, RowOutcome, RowProblem
from crmkit.core.storage.statements import TableStatements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.core.lifecycle.session import Session

COLUMNS = ("import_id", "file", "row", "part", "outcome", "entity", "record_id", "version", "key", "problems")
MOST_PROBLEMS = 1000
AT_ONCE = 500
RUNNING, DONE, REVERTING, REVERTED = "running", "done", "being reverted", "reverted"


@frozen(kw_only=True)
class ImportedFile:
    """A file of an import: its name, its entity, the digest of its bytes (SHA-256) and the number of its rows."""

    name: str
    entity: str
    digest: str
    rows: int


@frozen(kw_only=True)
class ImportEntry:
    """An import as it is kept in the database.

    Attributes:
        state: `running`, `done`, `being reverted` or `reverted`.
        worker: the machine and process that works on it, or did when it stopped.
    """

    id: int
    mapping: str
    digest: str
    files: tuple[ImportedFile, ...]
    state: str
    worker: str

    @property
    def is_worked_on(self) -> bool:
        """Whether another living process works on it, as far as can be told."""
        host, _, process = self.worker.rpartition(":")
        if host != socket.gethostname():
            return True
        if int(process) == os.getpid():
            return False
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


def this_worker() -> str:
    """Return what stands for this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@define(eq=False)
class Books:
    """The bookkeeping of one import.

    Attributes:
        remembering: the entities whose rows bring ids of their own.
    """

    id: int
    remembering: frozenset[str]

    def position(self, session: Session, file: int) -> int:
        """Return the number of the last row of a file that is done; 0 if none is."""
        rows = session.tables.system.imported_row.c
        query = sa.select(sa.func.max(rows.row)).where(rows.import_id == self.id, rows.file == file)
        return session.unit.connection.execute(query).scalar_one() or 0

    def write(self, session: Session, file: int, outcomes: Sequence[RowOutcome]) -> None:
        """Write what became of rows.

        Raises:
            LostRowsError: if one of them has been written already.
        """
        statements = TableStatements(session.tables.system.imported_row, session.unit.connection.dialect)
        rows = [
            (
                self.id,
                file,
                each.row,
                each.part,
                each.outcome,
                each.entity,
                each.record,
                each.version,
                each.key,
                json.dumps(said, ensure_ascii=False) if (said := each.problems or each.suspicions) else None,
            )
            for each in outcomes
        ]
        if rows and session.unit.execute_many(statements.insert(COLUMNS), rows) != len(rows):
            raise LostRowsError(id=self.id)

    def rows_of(self, session: Session, file: int, records: Iterable[int], entity: str) -> dict[int, int]:
        """Return the first row of a file that each of these records came from."""
        rows = session.tables.system.imported_row.c
        found: dict[int, int] = {}
        for chunk in chunks(list(records)):
            query = (
                sa.select(rows.record_id, sa.func.min(rows.row))
                .where(rows.import_id == self.id, rows.entity == entity, rows.record_id.in_(chunk))
                .where(rows.file == file, rows.part == 0)
                .group_by(rows.record_id)
            )
            found.update({row[0]: row[1] for row in session.unit.connection.execute(query)})
        return found

    def remembered(self, session: Session, entity: str, keys: Iterable[str]) -> dict[str, int]:
        """Return the records that were made of rows with these ids."""
        rows = session.tables.system.imported_row.c
        found: dict[str, int] = {}
        for chunk in chunks(list(keys)):
            query = sa.select(rows.key, rows.record_id).where(
                rows.import_id == self.id, rows.entity == entity, rows.key.in_(chunk), rows.record_id.is_not(None)
            )
            found.update({row[0]: row[1] for row in session.unit.connection.execute(query)})
        return found

    def finish(self, session: Session, state: str) -> None:
        """Write the state of the import."""
        table = session.tables.system.file_import
        session.unit.check_writable()
        session.unit.connection.execute(table.update().where(table.c.id == self.id).values(state=state))

    def results(self, session: Session, files: Sequence[ImportedFile]) -> tuple[FileResult, ...]:
        """Return what became of each file."""
        rows = session.tables.system.imported_row.c
        query = (
            sa.select(rows.file, rows.outcome, sa.func.count())
            .where(rows.import_id == self.id, rows.part == 0)
            .group_by(rows.file, rows.outcome)
        )
        counts = {(row[0], row[1]): row[2] for row in session.unit.connection.execute(query)}
        return tuple(
            FileResult(
                file=each.name,
                entity=each.entity,
                **{outcome: counts.get((number, outcome), 0) for outcome in OUTCOMES},
            )
            for number, each in enumerate(files)
        )

    def problems(self, session: Session, files: Sequence[ImportedFile], most: int = MOST_PROBLEMS) -> list[RowProblem]:
        """Return the first problems of all files, in the order of the rows."""
        found: list[RowProblem] = []
        for number, each in enumerate(files):
            for row, problems in self.failed_rows(session, number, limit=most):
                found += [
                    RowProblem(file=each.name, row=row, column=column, value=value, message=message)
                    for column, value, message in problems
                ]
        return found[:most]

    def failed_rows(
        self, session: Session, file: int, limit: int | None = None
    ) -> Iterator[tuple[int, list[tuple[str | None, str | None, str]]]]:
        """Yield the number of each row that failed, with column, value and message of its problems."""
        rows = session.tables.system.imported_row.c
        last, left = 0, limit
        while left is None or left > 0:
            size = AT_ONCE if left is None else min(left, AT_ONCE)
            query = sa.select(rows.row, rows.problems).where(
                rows.import_id == self.id, rows.file == file, rows.outcome == "failed", rows.row > last
            )
            found = session.unit.connection.execute(query.order_by(rows.row).limit(size)).all()
            for row, problems in found:
                yield row, [tuple(each) for each in json.loads(problems or "[]")]
            if len(found) < size:
                return
            last = found[-1][0]
            left = None if left is None else left - size


def begin_import(session: Session, *, mapping: str, digest: str, files: Sequence[ImportedFile]) -> int:
    """Write a new import and return its number."""
    session.unit.check_writable()
    table = session.tables.system.file_import
    row = {
        "mapping": mapping,
        "digest": digest,
        "files": json.dumps([files_as_json(each) for each in files], ensure_ascii=False),
        "state": RUNNING,
        "worker": this_worker(),
        "at": session.unit.now,
        "actor_id": session.principal.user,
    }
    return int(session.unit.connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one())


def take_over(session: Session, number: int) -> None:
    """Note that this process works on an import now."""
    session.unit.check_writable()
    table = session.tables.system.file_import
    session.unit.connection.execute(table.update().where(table.c.id == number).values(worker=this_worker()))


def read_import(session: Session, number: int) -> ImportEntry:
    """Return an import.

    Raises:
        UnknownImportError: if there is none of that number.
    """
    table = session.tables.system.file_import
    found = session.unit.connection.execute(sa.select(table).where(table.c.id == number)).mappings().first()
    if found is None:
        raise UnknownImportError(id=number)
    return entry_of(found)


def unfinished(session: Session, digest: str) -> list[ImportEntry]:
    """Return the imports of a mapping that were begun and not finished by this actor, the latest first."""
    table = session.tables.system.file_import
    query = sa.select(table).where(
        table.c.digest == digest,
        table.c.state == RUNNING,
        table.c.actor_id.is_not_distinct_from(session.principal.user),
    )
    return [entry_of(row) for row in session.unit.connection.execute(query.order_by(table.c.id.desc())).mappings()]


def entry_of(row: Mapping[str, object] | sa.RowMapping) -> ImportEntry:
    """Return an import from its row in the database."""
    return ImportEntry(
        id=int(str(row["id"])),
        mapping=str(row["mapping"]),
        digest=str(row["digest"]),
        files=tuple(ImportedFile(**each) for each in json.loads(str(row["files"]))),
        state=str(row["state"]),
        worker=str(row["worker"]),
    )


def files_as_json(file: ImportedFile) -> dict[str, object]:
    """Return a file as JSON."""
    return {"name": file.name, "entity": file.entity, "digest": file.digest, "rows": file.rows}


def chunks(items: list[object]) -> Iterator[list[object]]:
    """Yield the items in pieces that fit into one statement."""
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
